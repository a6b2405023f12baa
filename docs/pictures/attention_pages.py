"""Renders the pictures of the Attention page, with a trained run: heads, links, explanation, film, before and after,
heads that matter.

Run it in the repository's root: `python docs/pictures/attention_pages.py HOME RUN [FOLDER]`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from photographer import Photographer
from PySide6.QtWidgets import QApplication

from workbench.gui.app import make_window
from workbench.gui.panes.attention import AttentionPane
from workbench.run.home import Home

SENTENCE = "The film was not good, but the music saved it."


class AttentionPhotographer(Photographer):
    """Leads the window through the views of the Attention page."""

    def take(self, run: str) -> None:
        """All pictures of a run."""
        self.wait(lambda: self.workspace.summary(run) is not None)
        self.workspace.select(run)
        self.bench.window.show_page("attention")
        self.wait(lambda: self.bench.window.centre.pane("attention") is not None)
        pane = self.bench.window.centre.pane("attention")
        assert isinstance(pane, AttentionPane)
        self.pane = pane
        pane.question.chooser.pick(run)
        pane.question.set_text(SENTENCE)
        heads = self._show("heads")
        heads.atlas.choose(2, 8)
        self.shoot("attention", shades=True)
        heads.head_card.switch.button("links").click()
        self.shoot("attention-links", shades=True)
        self._show("explain", seconds=400)
        self.shoot("attention-explain", shades=True)
        film = self._show("film")
        film.player.go_to_step(film.reel.frames[-1].step / 4)
        self.shoot("attention-film", shades=True)
        self._show("compare")
        self.shoot("attention-compare", shades=True)
        ablate = self._show("ablate")
        ablate.map_card.rows.setValue(200)
        ablate.map_card.quick.click()
        self.wait(lambda: ablate.importance is not None and ablate.importance.complete, 900)
        ablate.map_card.map.choose(ablate.importance.order("loss")[:24])
        self.idle(1500)
        self.wait(lambda: not ablate.asking, 300)
        self.shoot("attention-importance", shades=True)

    def _show(self, key: str, seconds: float = 180) -> Any:
        self.pane.show_view(key)
        view = self.pane.view
        self.wait(lambda: view.stack.currentWidget() is view.content and not view.asking, seconds)
        self.idle(800)
        return view


def main() -> None:
    """Write the pictures beside this file, or into the folder that is named."""
    out = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).parent
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication(["workbench"])
    bench = make_window(Home(Path(sys.argv[1])))
    try:
        AttentionPhotographer(bench, app, out).take(sys.argv[2])
    finally:
        bench.close()


if __name__ == "__main__":
    main()
