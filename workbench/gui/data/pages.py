"""What the Data page shows of a chosen set: a table with its columns, classes and lengths, or a plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from workbench.data.suggest import counted
from workbench.gui.data.lengths import percent
from workbench.gui.theme import SMALL, TINY
from workbench.gui.widgets import BarList, Card, Label, Muted, column, explain_widget, scrolled

if TYPE_CHECKING:
    from workbench.data.profile import Profile
    from workbench.run.problem import Problem
    from workbench.run.recipe import Recipe
    from workbench.session.data import DataPreview

_BARS = 40  # classes that get a bar; a list of thousands says nothing


class ProblemBanner(QFrame):
    """What is wrong with the columns, above rows that show all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "banner")
        self.setProperty("tone", "warning")
        self.title = Label("", "section", wrap=True)
        self.words = Label("", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * TINY, SMALL, 3 * TINY, SMALL)
        layout.setSpacing(TINY)
        layout.addWidget(self.title)
        layout.addWidget(self.words)

    def show_problem(self, problem: Problem | None) -> None:
        """Show it, or nothing."""
        self.setVisible(problem is not None)
        if problem:
            self.title.setText(problem.title)
            self.words.setText(f"{problem.cause} {problem.remedy}".strip())


class NotesCard(Card):
    """What was set aside or assumed, one sentence a line."""

    def __init__(self) -> None:
        super().__init__(self.tr("Notes"))
        self.words = Label("", wrap=True)
        self.add(self.words)

    def show_notes(self, notes: tuple[str, ...]) -> None:
        """Show them, or nothing."""
        self.words.setText("\n".join(notes))
        self.setVisible(bool(notes))


class FilesCard(Card):
    """The files that the rows are from, with the rows of each."""

    def __init__(self) -> None:
        super().__init__(self.tr("Files"))
        self.total = Muted("", wrap=False)
        self.add_action(self.total)
        self.bars = BarList(name=self.tr("Rows of each file"), elide=Qt.TextElideMode.ElideMiddle)
        self.more = Muted()
        self.add(self.bars)
        self.add(self.more)

    def show_files(self, parts: tuple[tuple[str, int], ...]) -> None:
        """Show them; a single file has no card."""
        self.setVisible(len(parts) > 1)
        self.total.setText(str(len(parts)))
        self.bars.show_rows(parts[:_BARS])
        rest = parts[_BARS:]
        self.more.setVisible(bool(rest))
        self.more.setText(
            self.tr("and {0} with {1}").format(
                counted(len(rest), "more file", "more files"), counted(sum(n for _, n in rest), "row")
            )
        )


class ClassesCard(Card):
    """How many rows each class has, the largest first, and what is held out."""

    def __init__(self) -> None:
        super().__init__(self.tr("Classes"))
        self.total = Muted("", wrap=False)
        self.add_action(self.total)
        self.bars = BarList(name=self.tr("Rows of each class"))
        self.more = Muted()
        self.hint = Muted()
        for widget in (self.bars, self.more, self.hint):
            self.add(widget)

    def show_profile(self, profile: Profile, held_out: str) -> None:
        """Show another profile; without classes nothing."""
        ranked = sorted(profile.class_counts, key=lambda item: -item[1])
        self.setVisible(bool(ranked))
        if not ranked:
            return
        labelled = sum(count for _, count in ranked)
        self.total.setText(str(len(ranked)))
        self.bars.show_rows(ranked[:_BARS])
        rest = ranked[_BARS:]
        self.more.setText(
            self.tr("and {0} with {1}").format(
                counted(len(rest), "smaller class", "smaller classes"),
                counted(sum(count for _, count in rest), "row"),
            )
        )
        self.more.setVisible(bool(rest))
        largest, count = ranked[0]
        plain = self.tr("Always answering “{0}” would be right in {1} of the rows.").format(
            largest[:40], percent(count / labelled)
        )
        self.hint.setText(f"{plain} {held_out}".strip())


class TextPage(QWidget):
    """The beginning of a plain text, and how much of it there is."""

    def __init__(self) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        card = Card(self.tr("Beginning"))
        self.excerpt = QPlainTextEdit()
        self.excerpt.setReadOnly(True)
        self.excerpt.setProperty("role", "plain")
        self.excerpt.setTabChangesFocus(True)
        self.excerpt.document().setDocumentMargin(0)
        explain_widget(self.excerpt, "", self.tr("The beginning of the text"))
        card.add(self.excerpt, 1)
        self.shown = Muted("", wrap=False)
        card.add_action(self.shown)
        self.size_card = Card(self.tr("Size"))
        self.figures = QWidget()
        self._lines = QVBoxLayout(self.figures)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(TINY)
        self.values: dict[str, Label] = {}
        for name in (self.tr("Characters"), self.tr("Lines"), self.tr("Words"), self.tr("Tokens")):
            value = self.values[name] = Label("")
            line = QHBoxLayout()
            line.addWidget(Muted(name, wrap=False))
            line.addStretch(1)
            line.addWidget(value)
            self._lines.addLayout(line)
        self.size_card.add(self.figures)
        self.blocks = Label("", wrap=True)
        self.size_card.add(self.blocks)
        self.notes = NotesCard()
        side = scrolled(column(self.size_card, self.notes, None))
        side.setFixedWidth(320)
        layout.addWidget(card, 1)
        layout.addWidget(side)

    def show_preview(self, preview: DataPreview, recipe: Recipe) -> None:
        """Show another preview."""
        counts = preview.counts
        assert counts is not None
        if self.excerpt.toPlainText() != preview.excerpt:
            self.excerpt.setPlainText(preview.excerpt)
        tokens = "–" if counts.tokens is None else number(counts.tokens)
        shown = (number(counts.characters), number(counts.lines), number(counts.words))
        about = self.tr("about {0}").format(tokens) if counts.estimated else tokens
        for label, text in zip(self.values.values(), (*shown, about), strict=True):
            label.setText(text)
        whole = counts.characters <= len(preview.excerpt)
        first = counted(len(preview.excerpt), "character")
        self.shown.setText(self.tr("the whole text") if whole else self.tr("the first {0}").format(first))
        length = recipe.training.max_length
        blocks = counts.blocks(length)
        if blocks is None:
            said = self.tr("The model learns from blocks of {0} tokens.").format(length)
        elif blocks < 2:
            said = self.tr(
                "The text is too short for two blocks of {0} tokens; a shorter maximum length helps."
            ).format(length)
        else:
            said = self.tr("The model learns from {0} of {1} tokens.").format(
                counted(blocks, "block"), length
            )
            said = f"{said} {held_out(recipe, blocks, 'block')}"
        self.blocks.setText(said.strip())
        self.notes.show_notes(preview.notes)


def number(value: int) -> str:
    """The number with narrow gaps between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def held_out(recipe: Recipe, rows: int, what: str = "row") -> str:
    """Which rows the model is measured on, in a sentence; empty where none are."""
    share = recipe.data.validation
    if isinstance(share, str):
        return f"The model is measured on {share.rpartition('/')[2]}."
    if not share:
        return "Nothing is held out for measuring."
    return f"{percent(share)} (about {counted(round(share * rows), what)}) are held out for measuring."
