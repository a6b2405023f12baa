"""A button with prompts to try: the person's own, templates with placeholders, and built-in examples."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QInputDialog,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.examples import PROMPTS, shortened
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import GhostButton, Label, PrimaryButton, explain_widget, row
from workbench.gui.workspace import Workspace
from workbench.run.problem import WorkbenchError
from workbench.run.saved_prompts import (
    TEMPLATES,
    SavedPrompt,
    delete_prompt,
    filled,
    placeholders,
    read_prompts,
    rename_prompt,
    save_prompt,
)


class PromptsButton(GhostButton):
    """Opens a menu of prompts.

    Signals:
        taken: The text of the one that was picked, with its placeholders filled in.
    """

    taken = Signal(str)

    def __init__(self, workspace: Workspace, written: Callable[[], str]) -> None:
        """
        Args:
            workspace: Whose home keeps the prompts.
            written: Gives what stands in the prompt box, to be saved.
        """
        super().__init__(
            "Prompts", help="Take a saved prompt, a template or an example, or save this prompt."
        )
        self._workspace, self._written = workspace, written
        self.list = QMenu(self)
        self.list.aboutToShow.connect(self.fill)
        self.setMenu(self.list)

    def fill(self) -> None:
        """The person's own prompts first."""
        self.list.clear()
        saved = self._read()
        for heading, prompts in (
            (self.tr("Saved"), saved),
            (self.tr("Templates"), TEMPLATES),
            (self.tr("Examples"), [SavedPrompt(shortened(text), text) for text in PROMPTS]),
        ):
            if prompts:
                self.list.addSection(heading)
            for prompt in prompts:
                action = self.list.addAction(shortened(prompt.name).replace("&", "&&"))
                action.setToolTip(prompt.text)
                action.triggered.connect(lambda _=False, prompt=prompt: self.take(prompt))
        self.list.addSeparator()
        save = self.list.addAction(self.tr("Save this prompt…"))
        save.setEnabled(bool(self._written().strip()))
        save.triggered.connect(lambda _=False: self.ask_name())
        manage = self.list.addAction(self.tr("Rename or delete…"))
        manage.setEnabled(bool(saved))
        manage.triggered.connect(lambda _=False: self.manage())

    def take(self, prompt: SavedPrompt) -> None:
        """Insert a prompt; one with placeholders asks for them first."""
        if not placeholders(prompt.text):
            self.taken.emit(prompt.text)
            return
        FillDialog(self.window(), prompt, self.taken.emit).open()

    def ask_name(self) -> None:
        """Ask what the present prompt is to be called, and keep it."""
        text = self._written()
        dialog = QInputDialog(self.window())
        dialog.setObjectName("save prompt")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Save this prompt"))
        dialog.setLabelText(
            self.tr(
                "Its name. A name in braces in the prompt, such as {text}, is filled in when it is taken:"
            )
        )
        dialog.setTextValue(shortened(text, 40))
        dialog.textValueSelected.connect(
            lambda name: self._do(lambda: save_prompt(self._workspace.session.home, name, text))
        )
        dialog.open()

    def manage(self) -> None:
        """Open the list in which prompts are renamed and deleted."""
        ManageDialog(self.window(), self._workspace).open()

    def _read(self) -> tuple[SavedPrompt, ...]:
        found: tuple[SavedPrompt, ...] = ()

        def read() -> None:
            nonlocal found
            found = read_prompts(self._workspace.session.home)

        self._do(read)
        return found

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except WorkbenchError as error:
            self._workspace.problem_raised.emit(error.problem)


class FillDialog(QDialog):
    """Asks what stands for each placeholder of a prompt."""

    def __init__(self, parent: QWidget, prompt: SavedPrompt, taken: Callable[[str], object]) -> None:
        super().__init__(parent)
        self.setObjectName("fill in")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Fill in: {0}").format(prompt.name))
        self.setMinimumWidth(460)
        self._prompt, self._taken = prompt, taken
        self.fields: dict[str, QPlainTextEdit] = {}
        form = QFormLayout()
        form.setSpacing(MEDIUM)
        for name in placeholders(prompt.text):
            field = self.fields[name] = QPlainTextEdit()
            field.setTabChangesFocus(True)
            lines = 5 if name == "text" else 2
            field.setFixedHeight(field.fontMetrics().lineSpacing() * lines + 14)
            explain_widget(
                field, self.tr("What stands for {0} in the prompt.").format("{" + name + "}"), name
            )
            form.addRow(name[:1].upper() + name[1:], field)
        self.insert = PrimaryButton(self.tr("Insert"), on_click=self.accept)
        self.insert.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setSpacing(MEDIUM)
        layout.addWidget(Label(prompt.text, "muted", wrap=True))
        layout.addLayout(form)
        layout.addWidget(row(None, GhostButton(self.tr("Cancel"), on_click=self.reject), self.insert))
        self.accepted.connect(self._fill)

    def _fill(self) -> None:
        values = {name: field.toPlainText() for name, field in self.fields.items() if field.toPlainText()}
        self._taken(filled(self._prompt.text, values))


class ManageDialog(QDialog):
    """The saved prompts as a list; a double click, or F2, renames one."""

    def __init__(self, parent: QWidget, workspace: Workspace) -> None:
        super().__init__(parent)
        self.setObjectName("saved prompts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Saved prompts"))
        self.setMinimumSize(420, 320)
        self._workspace = workspace
        self._prompts: tuple[SavedPrompt, ...] = ()
        self.list = QListWidget()
        explain_widget(self.list, self.tr("Press F2 or click twice to rename one."), self.tr("Saved prompts"))
        self.list.itemChanged.connect(lambda item: self._rename(self.list.row(item), item.text()))
        self.list.currentRowChanged.connect(lambda _: self._show_text())
        self.text = Label("", "muted", wrap=True)
        self.delete_button = GhostButton(
            self.tr("Delete"), "trash", help=self.tr("Let go of the chosen prompt."), on_click=self._delete
        )
        layout = QVBoxLayout(self)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.text)
        layout.addWidget(row(self.delete_button, None, PrimaryButton(self.tr("Done"), on_click=self.accept)))
        self._show(read_prompts(workspace.session.home))

    def _show(self, prompts: tuple[SavedPrompt, ...]) -> None:
        self._prompts = prompts
        self.list.blockSignals(True)
        self.list.clear()
        for prompt in prompts:
            self.list.addItem(prompt.name)
            item = self.list.item(self.list.count() - 1)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        self.list.setCurrentRow(0)
        self.list.blockSignals(False)
        self._show_text()

    def _show_text(self) -> None:
        here = self.list.currentRow()
        there = 0 <= here < len(self._prompts)
        self.text.setText(
            shortened(self._prompts[here].text, 300) if there else self.tr("No prompt is saved.")
        )
        self.delete_button.setEnabled(there)

    def _rename(self, place: int, name: str) -> None:
        self._change(lambda: rename_prompt(self._workspace.session.home, self._prompts[place].name, name))

    def _delete(self) -> None:
        name = self._prompts[self.list.currentRow()].name
        self._change(lambda: delete_prompt(self._workspace.session.home, name))

    def _change(self, work: Callable[[], tuple[SavedPrompt, ...]]) -> None:
        try:
            self._show(work())
        except WorkbenchError as error:
            self._show(self._prompts)
            self.text.setText(f"{error.problem.title} {error.problem.remedy}".strip())
