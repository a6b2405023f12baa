"""Runs that measure much: their numbers and curves stay readable where there is little room."""

from __future__ import annotations

import numpy as np
from pytestqt.qtbot import QtBot

from workbench.gui.plots import CurvePlot
from workbench.gui.series import Series
from workbench.gui.train_parts import Headline, HeadlineRow
from workbench.gui.train_series import PLOTS, Shown, series_of
from workbench.run.events import Evaluated
from workbench.run.history import History

NAMES = ("BLEU", "chrF", "Perplexity", "ROUGE-1", "ROUGE-2", "ROUGE-L")


def test_further_numbers_are_left_out_where_there_is_no_room(qtbot: QtBot) -> None:
    row = HeadlineRow()
    qtbot.addWidget(row)
    row.resize(2000, 60)
    row.show()
    further = [Headline(name, "41.8", "at step 200", further=True) for name in NAMES]
    row.show_headlines([Headline("Best loss", "0.31"), *further, Headline("Step", "200")])

    def shown() -> list[str]:
        return [tile.caption.text() for tile in row.tiles if tile.isVisible()]

    assert shown() == ["Best loss", *NAMES, "Step"]
    row.resize(300, 60)
    qtbot.waitUntil(lambda: len(shown()) < 5)
    assert shown()[0] == "Best loss" and shown()[-1] == "Step"
    row.resize(30, 60)
    qtbot.waitUntil(lambda: shown() == ["Best loss"])
    assert row.minimumSizeHint().width() == 0


def test_a_legend_that_does_not_fit_beside_the_title_has_its_own_lines(qtbot: QtBot) -> None:
    plot = CurvePlot("Held-out scores", "How well it does.")
    qtbot.addWidget(plot)
    plot.resize(280, 240)
    plot.show()
    steps = np.arange(3.0)
    plot.show_series(
        [Series(name, name, steps, steps, place, style="points") for place, name in enumerate(NAMES)]
    )
    plot.redraw()
    qtbot.waitUntil(lambda: plot.legend.height() > 16 and plot.legend.width() > 200)
    assert all(name in plot.legend.text() for name in NAMES)
    plot.resize(1600, 240)
    qtbot.waitUntil(lambda: plot.legend.height() == 16)
    assert plot.legend.width() >= plot.legend.needed()


def test_perplexity_has_the_scores_plot_to_itself_or_leaves_it_to_the_others() -> None:
    def lines(**metrics: float) -> list[str]:
        history = History()
        history.fold([Evaluated(step=1, epoch=0.5, metrics={"loss": 2.0, **metrics})])
        (scores,) = (row for row in PLOTS if row.key == "scores")
        return [line.label for line in series_of(scores, [Shown("a run", history)], 0.0)]

    assert lines(perplexity=7.4) == ["Perplexity"]
    assert lines(perplexity=7.4, accuracy=0.4) == ["Accuracy"]
