"""What the report says of heads, explanations and what training changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workbench.run.inside.explanation import Attribution, Explanation
from workbench.run.inside.film import FilmWriter, Frame, Probe, Said, levels_of, read_reel
from workbench.run.results import AttentionMaps
from workbench.session.report_inside import (
    before_and_after,
    change_section,
    explanation_section,
    kinds_section,
)

TOKENS = ("[CLS]", "no", "<b>", "rain", "[SEP]")
SPECIAL = np.array([True, False, False, False, True])


def previous(n: int) -> np.ndarray:
    """Every token looks at the one before it; the first one at itself."""
    return np.eye(n, k=-1, dtype=np.float32) + np.eye(n, dtype=np.float32) * (np.arange(n) == 0)


def test_heads_are_counted_by_kind_and_the_kinds_explained() -> None:
    n = len(TOKENS)
    even = np.full((n, n), 1 / n, dtype=np.float32)
    maps = AttentionMaps(np.stack([[previous(n), even], [previous(n), previous(n)]]), TOKENS, SPECIAL, "m")
    html = kinds_section(maps)
    assert "previous token" in html and '<td class="">1</td><td class="n">1</td>' in html
    assert '<td class="">2</td><td class="n">2</td>' in html and "What the kinds mean" in html


def test_words_are_shaded_by_their_scores_and_nothing_escapes() -> None:
    scores = np.array([9.0, 1.0, -0.5, 0.0, 9.0])
    found = Explanation(TOKENS, SPECIAL, "m", False, (0, "wet"), ((0, "wet"), (1, "dry")), 0.9, True,
                        (Attribution("occlusion", scores),))  # fmt: skip
    html = explanation_section(found)
    assert "<b>" not in html.replace("&lt;b&gt;", "") and "&lt;b&gt;" in html
    assert "rgba(74,87,207,0.75)" in html  # the strongest ordinary word, not the stronger [CLS]
    assert "rgba(217,115,13,0.38)" in html  # half as strong, against
    assert html.count("color:var(--muted)") == 2
    assert not explanation_section(None)


def test_what_training_changed_is_read_from_the_film(tmp_path: Path) -> None:
    n = len(TOKENS)
    even = np.full((n, n), 1 / n, dtype=np.float32)
    film = FilmWriter(tmp_path, [Probe("no rain", tokens=TOKENS, special=tuple(map(bool, SPECIAL)))], -1)
    for step, second in ((0, even), (40, previous(n))):
        frame = Frame(step, step / 40, (Said((("wet", 0.9),), 0.1),), True, 0.1, 10.0)
        film.add(frame, [levels_of(np.stack([[even, second]]))])
    reel = read_reel(tmp_path)
    assert reel is not None
    found = before_and_after(reel)
    assert found.ranked()[0] == (0, 1) and found.divergence[0, 0] < 1e-6 < 0.5 < found.divergence[0, 1]
    html = change_section(tmp_path)
    assert "layer 1 head 2" in html and "between step 0 and step 40" in html
    assert not change_section(tmp_path / "nowhere")
