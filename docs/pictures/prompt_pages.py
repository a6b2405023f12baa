"""Renders the pictures of the Prompt page, with a run that was tuned on questions and answers, beside its base: two
conversations side by side, a token's alternatives, a text read by both, and what the run answered while it learned.

Run it in the repository's root: `python docs/pictures/prompt_pages.py HOME RUN BASE QUESTION ANSWER [FOLDER]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from photographer import Photographer
from PySide6.QtWidgets import QApplication

from workbench.gui.app import make_window
from workbench.gui.panes.prompt import PromptPane
from workbench.run.home import Home


class PromptPhotographer(Photographer):
    """Leads the window through the views of the Prompt page."""

    def take(self, run: str, base: str, question: str, answer: str) -> None:
        """All pictures."""
        self.wait(lambda: self.workspace.summary(run) is not None and self.workspace.models)
        self.workspace.select(run)
        self.bench.window.show_page("prompt")
        self.wait(lambda: self.bench.window.centre.pane("prompt") is not None)
        pane = self.bench.window.centre.pane("prompt")
        assert isinstance(pane, PromptPane)
        pane.chooser.pick(run)
        writer = pane.writer
        writer.form.take(
            writer.form.settings.model_copy(
                update={"temperature": 0.0, "repetition_penalty": 1.1, "max_new_tokens": 200}
            )
        )
        pane.add.click()
        chooser = writer.columns.columns[1].chooser
        assert chooser is not None
        chooser.pick(base)
        self.idle(500)
        writer.box.setPlainText(question)
        writer.begin()
        self.idle(1000)
        self.wait(lambda: not writer.columns.busy, 400)
        self.shoot("prompt-beside")
        writer.columns.remove(writer.columns.columns[1])
        writer.columns.shade(True)
        text = writer.columns.first.conversation.turns[-1].answers[0].text
        tokens = text.written()
        text.picked.emit(min(range(len(tokens)), key=lambda place: tokens[place].probability))
        self.wait(lambda: writer.inspector.found is not None)
        self.shoot("prompt-token")
        writer.inspector.close_look()
        pane.show_view("learning")
        self.wait(lambda: pane.learning.found is not None)
        self.shoot("prompt-learning")
        pane.show_view("scored")
        scored = pane.scored
        scored.other.pick(base)
        scored.box.setPlainText(answer)
        scored.ask()
        self.wait(lambda: scored.found is not None and scored.found.other is not None)
        self.shoot("prompt-scored")


def main() -> None:
    """Write the pictures beside this file, or into the folder that is named."""
    home, run, base, question, answer = sys.argv[1:6]
    out = Path(sys.argv[6]) if len(sys.argv) > 6 else Path(__file__).parent
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication(["workbench"])
    bench = make_window(Home(Path(home)))
    try:
        PromptPhotographer(bench, app, out).take(run, base, question, answer)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
