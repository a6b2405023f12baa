"""What the report says of heads, explanations and what training changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from workbench.engine.loading import trained_model
from workbench.run.events import Ended
from workbench.run.home import Home
from workbench.run.inside.ablation import Importance
from workbench.run.inside.explanation import Attribution, Explanation
from workbench.run.inside.film import FilmWriter, Frame, Probe, Said, levels_of, read_reel
from workbench.run.inside.lens import ClassLens, TokenLens
from workbench.run.recipe import DataSection, ModelSection, Recipe
from workbench.run.results import AttentionMaps
from workbench.run.training_fields import TrainingSection
from workbench.session.report_inside import (
    before_and_after,
    change_section,
    explanation_section,
    importance_section,
    kinds_section,
    lens_section,
)
from workbench.session.report_looks import Subject, report
from workbench.session.training import begin, load_goods

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


def test_heads_are_shaded_by_how_much_the_loss_depends_on_them() -> None:
    losses = np.array([[0.1, 0.4], [0.2, np.nan]])  # the second layer has one head
    found = Importance("gradient", losses, losses, *[np.full((2, 2), np.nan)] * 4, "gradient", 0.5, 32, 32)
    html = importance_section(found)
    assert html.count("<td title") == 3 and "rgba(var(--accent),0.60)" in html and "0.400" in html
    assert "most on layer 1 head 2, layer 2 head 1, layer 1 head 1" in html and "32 held-out rows" in html
    assert not importance_section(None)


def test_the_lens_stands_in_the_report_with_its_warning() -> None:
    chances = np.array([[0.5, 0.5], [0.2, 0.8]])
    html = lens_section(ClassLens("m", TOKENS, ("<wet>", "dry"), chances))
    assert 'class="warning">An untuned lens misleads' in html and "&lt;wet&gt;" in html and "80.0%" in html
    guesses = np.array([[[1], [2]], [[2], [2]]])
    found = TokenLens(
        "m", ("no", "rain"), np.zeros(2, bool), guesses, np.full((2, 2, 1), 0.25), np.array([2, -1]),
        np.array([[0.1, np.nan], [0.25, np.nan]]), np.array([[3, 0], [1, 0]]), {1: " snow", 2: "\n"},
    )  # fmt: skip
    html = lens_section(found)
    assert html.count('class="right"') == 1 and "snow" in html and "⏎" in html and "25.0%" in html
    assert not lens_section(None)


def test_a_training_long_enough_is_looked_into(home: Home, tiny_bert: Path, tiny_csv: Path) -> None:
    recipe = Recipe(
        model=ModelSection(source=str(tiny_bert)),
        data=DataSection(train=str(tiny_csv)),
        training=TrainingSection(epochs=1, precision="fp32"),
    )
    prepared = begin(home, recipe)
    goods = load_goods(prepared)
    subject = Subject(trained_model(goods, prepared.rows), goods.validation)
    before = {name: value.clone() for name, value in goods.model.state_dict().items()}
    for seconds, there in ((1.0, False), (6.0, True)):
        report(prepared, Ended(status="finished", step=3, seconds=seconds, samples=1000), subject)
        html = prepared.folder.report.read_text(encoding="utf-8")
        assert "What the heads do" in html  # the attention is always there
        for title in ("Which heads matter", "After each layer", "What made the prediction"):
            assert (f"<h2>{title}</h2>" in html) is there
    assert all(torch.equal(value, before[name]) for name, value in goods.model.state_dict().items())
    assert all(value.grad is None for value in goods.model.parameters())
