"""The chosen row as a whole: its text to read and to change, all its columns, its tokens, and a note on it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRegularExpression, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QSizePolicy, QStackedWidget, QTextBrowser, QTextEdit

from workbench.data.suggest import counted
from workbench.gui.data.learned_text import LearnedText
from workbench.gui.data.many_rows import ManyRows
from workbench.gui.data.token_chips import TokenChips
from workbench.gui.table_model import TableModel, grouped
from workbench.gui.theme import SMALL, current, theme
from workbench.gui.widgets import (
    Badge,
    Card,
    ElidedLabel,
    GhostButton,
    IconButton,
    Muted,
    PrimaryButton,
    Segmented,
    explain_widget,
    restyle,
    row,
    scrolled,
)

READ = 20_000  # characters that the panel lays out; a line of 200 000 takes seconds
_LOW, _TALK, _ROOM = 96, 180, 220  # pixels of height: to read a text, a conversation, and at least to write
_COLUMNS = 60  # columns that are listed
_LABEL = 24  # characters of a label; its tooltip has all
_VALUE = 600  # characters of one of their values
_MARKED = 200  # hits that are marked in one text


class RowPanel(Card):
    """Shows one row of a `TableModel`; changes end in the model, and notes in its edits."""

    tokens_wanted = Signal(str)  # the text whose tokens are to be shown

    def __init__(self, model: TableModel) -> None:
        super().__init__()
        self._model = model
        self._row = -1
        self._column = 0
        self._sought = QRegularExpression()
        self._asked: str | None = None
        self._chosen = 0
        self._noted: tuple[list[int], str] = ([], "")  # the rows that a note is for, and what it said
        self.many = ManyRows(model)
        self.number = Muted("", wrap=False)
        self.label = Badge("", "accent")
        self.state = Badge("", "warning")
        self.length = ElidedLabel("", "muted")
        self.length.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.length.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.kind = Segmented(
            (
                ("text", self.tr("Text"), "", self.tr("The whole text of the chosen row.")),
                ("columns", self.tr("All columns"), "", self.tr("Every column of the chosen row.")),
                ("tokens", self.tr("Tokens"), "", self.tr("The text as the model reads it.")),
                (
                    "learned",
                    self.tr("Conversation"),
                    "",
                    self.tr("The conversation as the model reads it, with what is learned in colour."),
                ),
            ),
            self.tr("What of the row"),
        )
        self.pencil = IconButton("pencil", self.tr("Change the text"), "F2", on_click=self.begin)
        self.reading = QPlainTextEdit()
        self.all = QTextBrowser()
        self.chips = TokenChips()
        self.learned = LearnedText()
        self.note = QLineEdit()
        self.keep = PrimaryButton(self.tr("Keep"), help=self.tr("Ctrl+Enter"), on_click=self.commit)
        self.let_go = GhostButton(self.tr("Drop the change"), help=self.tr("Escape"), on_click=self.cancel)
        self._how = Muted(self.tr("Ctrl+Enter keeps the change, Escape drops it."), wrap=False)
        self._editing = row(self._how, None, self.let_go, self.keep)
        self._set_up()
        self.stack = QStackedWidget()
        self._chips_page = scrolled(self.chips)
        for page in (self.reading, self.all, self._chips_page, self.learned):
            self.stack.addWidget(page)
        self.add(row(self.number, self.label, self.state, self.length, self.pencil, self.kind))
        self.add(self.stack, 1)
        self.add(self._editing)
        self.add(self.note)
        self.setMinimumHeight(_LOW)
        self.kind.button("learned").hide()
        self._connect()
        self.show_row(-1)

    def _set_up(self) -> None:
        self.reading.setReadOnly(True)
        self.reading.setProperty("role", "plain")
        self.reading.setTabChangesFocus(True)
        self.reading.document().setDocumentMargin(0)
        self.reading.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.reading.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        explain_widget(
            self.reading,
            self.tr("The whole text of the chosen row."),
            self.tr("Text of the chosen row"),
        )
        self.all.setProperty("role", "plain")
        self.all.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.all.setOpenLinks(False)
        self.all.document().setDocumentMargin(0)
        self.all.setAccessibleName(self.tr("All columns of the chosen row"))
        self._on_this_row = self.tr("Note on this row; Enter keeps it")
        self.note.setPlaceholderText(self._on_this_row)
        self.note.setAccessibleName(self.tr("Note on this row"))
        self.note.setMaxLength(500)
        self.note.hide()
        self._editing.hide()

    def _connect(self) -> None:
        self.kind.chosen.connect(self._change_kind)
        self.learned.changed.connect(self._show_learned)
        self.note.returnPressed.connect(self._keep_note)
        self.note.editingFinished.connect(self._keep_note)
        self.note.installEventFilter(self)
        self.reading.installEventFilter(self)
        theme().changed.connect(self.refresh)

    @property
    def editing(self) -> bool:
        """Whether the text is being changed."""
        return not self.reading.isReadOnly()

    # ---- showing

    def show_row(self, row: int, column: int = 0) -> None:
        """Show the row that the model shows at `row`, and of it the text in `column`; -1 for none."""
        self.commit()
        self._keep_note()
        self._row, self._column = row, column
        self.refresh()

    def show_sought(self, text: str, regex: bool) -> None:
        """Mark what is looked for within the text; nothing marks nothing."""
        pattern = text if regex else QRegularExpression.escape(text)
        options = QRegularExpression.PatternOption.CaseInsensitiveOption
        sought = QRegularExpression(pattern if text else "", options)
        self._sought = sought if sought.isValid() else QRegularExpression()
        self._mark()

    def show_chosen(self, rows: int) -> None:
        """Say how many rows are chosen in the table, where these are several."""
        self._chosen = rows
        if self._model.table is not None and 0 <= self._row < self._model.rowCount():
            self._show_number()

    def _show_number(self) -> None:
        number = self.tr("Row {0}").format(grouped(self._model.number(self._row)))
        more = self.tr("{0} · {1} rows chosen").format(number, grouped(self._chosen))
        self.number.setText(more if self._chosen > 1 else number)

    def show_tokens(self, tokens: Sequence[str], cut_at: int | None) -> None:
        """Show the tokens that were asked for; those from `cut_at` on are cut off, None for none."""
        self.chips.show_tokens(tokens, cut_at)
        if self.kind.current() == "tokens":
            self.length.setText(self.chips.summary())

    def offer_conversation(self, on: bool) -> None:
        """Whether the rows are conversations, which show as the model reads them; they do so at first."""
        button = self.kind.button("learned")
        if on == button.isVisibleTo(self.kind):
            return
        button.setVisible(on)
        if on or self.kind.current() == "learned":
            self.kind.choose("learned" if on else "text")
            self.refresh()

    def _show_learned(self) -> None:
        if self.kind.current() == "learned":
            self.length.setText(self.learned.summary)

    def refresh(self) -> None:
        """Show the row as it is now."""
        model = self._model
        there = model.table is not None and 0 <= self._row < model.rowCount()
        for widget in (self.label, self.state, self.kind, self.stack):
            widget.setVisible(there)
        self.pencil.setVisible(there and model.editable)
        if not there:
            self.number.setText("" if model.table is None else self.tr("No row is chosen."))
            self.length.setText("")
            self.reading.setPlainText("")
            self.note.hide()
            return
        if self.editing:
            return
        text = self._text()
        self._show_head(text)
        if self.reading.toPlainText() != text[:READ]:
            self.reading.setPlainText(text[:READ])
        self._mark()
        self._show_kind(self.kind.current())

    def _text(self) -> str:
        return self._model.full_text(self._row, self._column) or ""

    def _show_head(self, text: str) -> None:
        model, table = self._model, self._model.table
        assert table is not None
        self._show_number()
        labelled = model.label in table.columns
        label = model.full_text(self._row, table.columns.index(model.label)) if labelled else None
        self.label.setVisible(labelled)
        shown = label[:_LABEL] + ("…" if len(label) > _LABEL else "") if label else self.tr("no label")
        self.label.show_status(shown, "accent" if label else "warning")
        self.label.setToolTip(label or "")
        dropped = model.is_dropped(self._row)
        self.state.setVisible(dropped)
        self.state.setText(self.tr("dropped"))
        self.length.setText(
            self.tr("{0}, the first {1} shown").format(counted(len(text), "character"), f"{READ:,}")
            if len(text) > READ
            else counted(len(text), "character")
        )
        short = len(text) <= READ
        self.pencil.setEnabled(short and not dropped)
        why = "" if short else self.tr("This text is too long to be changed here.")
        self.pencil.setToolTip(why or self.tr("Change the text (F2)"))
        note = model.note(self._row)
        if not self.note.hasFocus() or not (self.note.isModified() or self._noted[0]):
            self.note.setText(note)
            self.note.setVisible(bool(note) and model.editable)

    def _change_kind(self, kind: str) -> None:
        self.commit()
        self.refresh()

    def _show_kind(self, kind: str) -> None:
        if kind != "learned":
            self.setMinimumHeight(_LOW)
        if kind == "columns":
            self.all.setHtml(self._listing())
            self.stack.setCurrentWidget(self.all)
        elif kind == "tokens":
            self.stack.setCurrentWidget(self._chips_page)
            text = self._text()
            if text != self._asked:
                self._asked = text
                self.chips.show_tokens((), None)
                self.length.setText(self.tr("cutting the text into tokens…"))
                self.tokens_wanted.emit(text)
            elif self.chips.tokens():
                self.length.setText(self.chips.summary())
        elif kind == "learned":
            self.setMinimumHeight(_TALK)
            self.stack.setCurrentWidget(self.learned)
            self.learned.show_row(self._model.source_row(self._row))
            self.length.setText(self.learned.summary)
        else:
            self.stack.setCurrentWidget(self.reading)
        if kind != "tokens":
            self._asked = None

    def _listing(self) -> str:
        table, palette = self._model.table, current()
        assert table is not None
        rows = []
        for place, name in enumerate(table.columns[:_COLUMNS]):
            value = self._model.full_text(self._row, place)
            shown = _plain(value[:_VALUE]) + ("…" if len(value) > _VALUE else "") if value else "–"
            rows.append(
                f'<tr><td style="color:{palette.muted}; padding-right:16px">{_plain(name)}</td>'
                f'<td style="color:{palette.text if value else palette.muted}">{shown}</td></tr>'
            )
        more = len(table.columns) - _COLUMNS
        rest = f"<p>{_plain(self.tr('and {0}').format(counted(more, 'more column')))}</p>" if more > 0 else ""
        return f'<table cellspacing="0" cellpadding="2">{"".join(rows)}</table>{rest}'

    def _mark(self) -> None:
        found: list[QTextEdit.ExtraSelection] = []
        if self._sought.pattern() and not self.editing:
            ground = QTextCharFormat()
            ground.setBackground(QColor(current().blend("warning", 0.35)))
            hits = self._sought.globalMatch(self.reading.toPlainText())
            while hits.hasNext() and len(found) < _MARKED:
                hit = hits.next()
                selection = QTextEdit.ExtraSelection()
                cursor = QTextCursor(self.reading.document())
                cursor.setPosition(hit.capturedStart())
                cursor.setPosition(hit.capturedEnd(), QTextCursor.MoveMode.KeepAnchor)
                selection.cursor, selection.format = cursor, ground
                found.append(selection)
        self.reading.setExtraSelections(found)

    # ---- changing

    def begin(self) -> None:
        """Let the text be changed."""
        if self.editing or not self.pencil.isEnabled() or self._row < 0 or not self._model.editable:
            return
        self.kind.choose("text")
        self.stack.setCurrentWidget(self.reading)
        self.reading.setExtraSelections([])
        self.reading.setReadOnly(False)
        restyle(self.reading, role="edited")
        self.reading.document().setDocumentMargin(SMALL)
        self.setMinimumHeight(_ROOM)
        self._editing.show()
        self.reading.moveCursor(QTextCursor.MoveOperation.End)
        self.reading.setFocus(Qt.FocusReason.OtherFocusReason)

    def commit(self) -> None:
        """Keep what was typed; it can be undone."""
        if self.editing:
            text = self.reading.toPlainText()
            self._end()
            self._model.setData(self._model.index(self._row, self._column), text)
            self.refresh()

    def cancel(self) -> None:
        """Drop what was typed."""
        if self.editing:
            self._end()
            self.refresh()

    def _end(self) -> None:
        self.reading.setReadOnly(True)
        restyle(self.reading, role="plain")
        self.reading.document().setDocumentMargin(0)
        self.setMinimumHeight(_LOW)
        self._editing.hide()

    def begin_note(self, rows: Sequence[int] = ()) -> None:
        """Let a note be written, on the row that shows or on all of these."""
        if self._row >= 0 and self._model.editable:
            several = list(rows) if len(rows) > 1 else []
            self._noted = (several, self.many.note(several) if several else "")
            if several:
                of = counted(len(several), "row")
                self.note.setPlaceholderText(self.tr("Note on {0}; Enter keeps it").format(of))
                self.note.setText(self._noted[1])
            self.note.show()
            self.note.setFocus(Qt.FocusReason.OtherFocusReason)
            self.note.selectAll()

    def _keep_note(self) -> None:
        edits = self._model.edits
        if edits is None or self.note.isHidden() or not 0 <= self._row < self._model.rowCount():
            return
        rows, before = self._noted
        if rows:
            self._forget_noted()
            if self.note.text().strip() != before:
                self.many.set_note(rows, self.note.text())
            self.note.setText(self._model.note(self._row))
        elif self.note.isModified():
            edits.set_note(self._model.place(self._row), self.note.text())
        self.note.setModified(False)  # what was undone since must not be kept again
        if not self.note.text().strip() and not self.note.hasFocus():
            self.note.hide()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Ctrl+Enter keeps a change, Escape drops it."""
        keys = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
        if not isinstance(event, QKeyEvent) or event.type() not in keys:
            return False
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        escape = event.key() == Qt.Key.Key_Escape
        if watched is self.reading and self.editing and (escape or (enter and control)):
            # Claimed before the window's own Ctrl+Enter, which starts a run.
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                (self.cancel if escape else self.commit)()
            return True
        if watched is self.note and escape and event.type() == QEvent.Type.KeyPress:
            self._drop_note()
            return True
        return False

    def _forget_noted(self) -> None:
        self._noted = ([], "")
        self.note.setPlaceholderText(self._on_this_row)

    def _drop_note(self) -> None:
        self._forget_noted()
        self.note.setText(self._model.note(self._row))
        self.note.setVisible(bool(self.note.text()))


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
