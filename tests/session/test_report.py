"""The report stands alone and tells the truth; the pictures show what the maps and curves hold."""

from __future__ import annotations

import dataclasses
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import precision_recall_fscore_support

from tests.session.recorded import CLASSES, CONFUSION, events, maps, recorded_run
from workbench.run.events import Ended, Event, Step
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.problem import Problem
from workbench.session.panels import panels, smoothed, thinned, ticks
from workbench.session.pictures import atlas_png, brightest, colour_table, curves_png, head_png
from workbench.session.report import Looks, report_html, write_report
from workbench.session.report_classes import class_scores, confusion_section

VOID = {"meta", "img"}


class Page(HTMLParser):
    """Checks that tags are balanced, and collects text, tags and everything that could be fetched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words, self.tags, self.links = "", set[str](), list[str]()
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data + " "


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_the_report_stands_alone_and_says_how_good_the_model_is(home: Home) -> None:
    folder = recorded_run(home)
    path = write_report(folder, Looks(attention=maps()))
    assert path == folder.report
    page = Page(path.read_text(encoding="utf-8"))
    assert [link[:22] for link in page.links] == ["data:image/png;base64,"]
    assert not page.tags & {"script", "link", "iframe"}
    last = folder.history().best_evaluation
    assert last is not None
    for word in (
        f"{last.metrics['accuracy']:.1%}",
        "142 held-out rows",
        "AutoModelForSequenceClassification",
        "finished after 300 of 300 steps",
        "training.epochs",
        "2.13",
        *CLASSES,
    ):
        assert word in page.words
    assert sorted(p.name for p in folder.path.iterdir() if "report" in p.name) == ["report.html"]


def test_what_comes_from_outside_cannot_become_markup(home: Home) -> None:
    html = report_html(recorded_run(home))
    assert "<script" not in html
    assert "<b>late" not in html
    assert "<parcel>" not in html
    page = Page(html)
    assert "<script>alert(1)</script>" in page.words
    assert "Support <mail>" in page.words


def test_a_failed_run_says_why(home: Home) -> None:
    told: list[Event] = [
        *events(20)[:12],
        Ended(status="failed", problem=Problem("The loss is <NaN>.", "Too fast.", "Slow down.", "trace")),
    ]
    page = Page(report_html(recorded_run(home, told)))
    for word in ("The loss is <NaN>.", "Too fast.", "Slow down.", "trace", "failed after 8 of 20 steps"):
        assert word in page.words


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_run_that_has_hardly_begun_has_a_report(count: int, home: Home) -> None:
    folder = recorded_run(home, events(20)[:count])
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert folder.recipe().data.train in page.words
    assert picture(curves_png(folder.history())).width > 100


def test_losses_that_are_no_number_break_nothing(home: Home) -> None:
    told = [dataclasses.replace(e, loss=float("nan")) if isinstance(e, Step) else e for e in events(60)]
    folder = recorded_run(home, told)
    html = report_html(folder)
    Page(html)
    assert "nan" not in re.sub(r"data:[^\"]*", "", html.lower())
    picture(curves_png(folder.history()))


def test_scores_of_classes_agree_with_the_reference() -> None:
    true = [i for i, row in enumerate(CONFUSION) for count in row for _ in range(count)]
    predicted = [j for row in CONFUSION for j, count in enumerate(row) for _ in range(count)]
    wanted = np.array(precision_recall_fscore_support(true, predicted)).T
    np.testing.assert_allclose(class_scores(CONFUSION), wanted)


def test_scores_where_a_class_was_never_predicted() -> None:
    assert class_scores(((3, 0), (2, 0))) == [(0.6, 1.0, pytest.approx(0.75), 3), (0.0, 0.0, 0.0, 2)]


def test_many_classes_are_told_by_their_worst_confusions() -> None:
    size = 60
    counts = [[5 if i == j else 0 for j in range(size)] for i in range(size)]
    counts[7][9] = 4
    words = Page(confusion_section(counts, [f"class {i}" for i in range(size)])).words
    assert "class 7" in words
    assert "class 9" in words
    assert "class 8" not in words


def test_smoothing_keeps_level_and_slope() -> None:
    np.testing.assert_allclose(smoothed(np.full(50, 3.0), 5), 3)
    line = np.arange(400.0)
    np.testing.assert_allclose(smoothed(line, 5)[100:300], line[100:300], atol=1e-6)  # no lag


def test_thinning_keeps_every_peak() -> None:
    x = np.arange(100_000.0)
    y = np.zeros(100_000)
    y[[5, 50_123, 99_999]] = 9, -9, 8
    kept_x, kept_y = thinned(x, y, 300)
    assert len(kept_x) <= 600
    assert {9.0, -9.0, 8.0} <= set(kept_y)
    assert (np.diff(kept_x) > 0).all()


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.013, 0.0131), (-3, 1e6), (2.5, 2.5)])
def test_ticks_are_few_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 1 <= len(found) <= 8
    air = 1e-9 * max(1.0, abs(high))
    assert all(low - air <= value <= high + air for value in found)


def test_a_run_of_a_language_model_shows_perplexity() -> None:
    history = History()
    told = [
        dataclasses.replace(e, metrics={"loss": 2.0, "perplexity": 7.4}) if hasattr(e, "confusion") else e
        for e in events(60)
    ]
    history.fold(told)
    score = next(panel for panel in panels(history) if panel.title == "Held-out score")
    assert [series.name for series in score.series] == ["held-out perplexity"]


def test_one_strong_cell_among_many_stays_bright_in_the_atlas() -> None:
    found = maps(1, 1, 500)
    weights = np.full((1, 1, 500, 500), 1e-4, dtype=np.float32)
    weights[0, 0, 321, 123] = 0.9
    found = dataclasses.replace(found, weights=weights)
    pixels = np.asarray(picture(atlas_png(found))).reshape(-1, 3)
    assert (pixels == colour_table()[255]).all(axis=1).any()


def test_the_atlas_sets_its_level_by_ordinary_tokens() -> None:
    found = maps(2, 2, 20)
    weights = np.full((2, 2, 20, 20), 0.01, dtype=np.float32)
    weights[..., 0] = 0.8  # everything looks at [CLS]
    assert brightest(dataclasses.replace(found, weights=weights)) == pytest.approx(0.01)


def test_above_the_diagonal_of_a_causal_model_nothing_is_drawn() -> None:
    drawn = np.asarray(picture(head_png(maps(1, 1, 6, causal=True), 0, 0)))
    empty = (drawn == 0xF5).all(axis=-1).sum()
    assert empty == 15 * 36 * 36  # 15 of 36 cells, 36 pixels wide


@pytest.mark.parametrize(("layers", "heads", "n"), [(1, 1, 2), (6, 12, 40), (24, 3, 128)])
def test_pictures_of_any_size(layers: int, heads: int, n: int, tmp_path: Path) -> None:
    found = maps(layers, heads, n)
    assert max(picture(atlas_png(found)).size) < 4500
    assert picture(head_png(found, layers - 1, heads - 1)).width >= n
    with pytest.raises(IndexError):
        head_png(found, layers, 0)
