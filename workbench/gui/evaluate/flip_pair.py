"""A text as it is and as it was changed, side by side, with both predictions; changed words are marked."""

from __future__ import annotations

import difflib
import html
import re
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QTextBrowser, QVBoxLayout

from workbench.gui.theme import MEDIUM, SMALL, current, theme
from workbench.gui.widgets import Card, GhostButton, Label, explain_widget
from workbench.run.robustness import Flip

_PIECES = re.compile(r"\w+|\s+|[^\w\s]")


def marked(text: str, changed: str, ground: str, ink: str) -> tuple[str, str]:
    """Both texts as HTML in which the words that differ have a ground of their own."""
    one, other = _PIECES.findall(text), _PIECES.findall(changed)
    told: tuple[list[str], list[str]] = ([], [])
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        for side, pieces in ((0, one[i1:i2]), (1, other[j1:j2])):
            words = html.escape("".join(pieces)).replace("\n", "<br>")
            if kind != "equal" and words.strip():
                words = f'<span style="background-color: {ground}; color: {ink}">{words}</span>'
            told[side].append(words)
    return "".join(told[0]), "".join(told[1])


class FlipPair(Card):
    """The chosen flip."""

    attention_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.flip: Flip | None = None
        self.label = Label("", "caption", wrap=True)
        self.texts = QTextBrowser(), QTextBrowser()
        self.said = Label("", "section", wrap=True), Label("", "section", wrap=True)
        names = self.tr("As it is"), self.tr("Changed")
        sides = QHBoxLayout()
        sides.setSpacing(MEDIUM)
        for number, (name, text, said) in enumerate(zip(names, self.texts, self.said, strict=True)):
            text.setTabChangesFocus(True)
            text.setOpenLinks(False)
            text.setMinimumHeight(48)
            text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
            explain_widget(text, "", name)
            side = QVBoxLayout()
            side.setSpacing(SMALL // 2)
            line = QHBoxLayout()
            line.addWidget(Label(name, "caption"))
            line.addStretch(1)
            button = GhostButton(
                self.tr("Attention"),
                "attention",
                help=self.tr("Open this text with this model on the Attention page."),
                on_click=partial(self._open, number),
            )
            line.addWidget(button)
            side.addLayout(line)
            side.addWidget(text, 1)
            side.addWidget(said)
            sides.addLayout(side, 1)
        self.body.addLayout(sides, 1)
        self.add(self.label)
        theme().changed.connect(self._again)
        self.show_flip(None)

    def show_flip(self, flip: Flip | None) -> None:
        """Show a flip, or none."""
        self.flip = flip
        self.setEnabled(flip is not None)
        if flip is None:
            for text, said in zip(self.texts, self.said, strict=True):
                text.clear()
                said.setText("")
            self.label.setText(self.tr("Choose a flip to see both texts."))
            return
        palette = current()
        both = marked(flip.text, flip.changed, palette.blend("warning", 0.32), palette.text)
        for text, words in zip(self.texts, both, strict=True):
            text.setHtml(words)
        for said, (name, sure) in zip(self.said, (flip.before, flip.after), strict=True):
            said.setText(self.tr("{0}, {1:.0f} %").format(name, 100 * sure))
        self.label.setText(self.tr("The right class is {0}.").format(flip.label) if flip.label else "")

    def _again(self) -> None:
        """The same in other colours; a method, so that the theme forgets a card that is gone."""
        self.show_flip(self.flip)

    def _open(self, number: int) -> None:
        if self.flip is not None:
            self.attention_wanted.emit((self.flip.text, self.flip.changed)[number])
