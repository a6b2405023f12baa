"""How answers are drawn: named presets, chat or plain text, and one editor for each row of the generation settings."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QPlainTextEdit,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.recipe_form import FieldEdit
from workbench.gui.theme import MEDIUM, TINY
from workbench.gui.widgets import FloatBox, GhostButton, Label, Segmented, explain_widget, show_if
from workbench.run.generation import PRESETS, GenerationSettings
from workbench.run.problem import WorkbenchError
from workbench.run.recipe_files import fields_of, validated


class ChatSwitch(Segmented):
    """Chat or plain text; tells as a check box does."""

    toggled = Signal(bool)

    def __init__(self, name: str) -> None:
        super().__init__(
            (
                (
                    "chat",
                    self.tr("Chat"),
                    "",
                    self.tr("The prompt is a turn; the model sees what was said before."),
                ),
                (
                    "plain",
                    self.tr("Plain text"),
                    "",
                    self.tr("The model continues the prompt, each one by itself."),
                ),
            ),
            name,
        )
        self.chosen.connect(lambda key: self.toggled.emit(key == "chat"))

    def isChecked(self) -> bool:
        """Whether it says chat."""
        return self.current() == "chat"

    def setChecked(self, on: bool) -> None:
        """Switch, and tell."""
        if on != self.isChecked():
            self.choose("chat" if on else "plain")
            self.toggled.emit(on)


class SettingsForm(QWidget):
    """Editors derived from the settings' own rows; a value that is not allowed is marked and not taken.

    Signals:
        shading: Whether tokens are to be shaded by probability.
        system_changed: The system prompt is another one.
    """

    shading = Signal(bool)
    system_changed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.settings = GenerationSettings()
        self.edits: dict[str, FieldEdit] = {}
        self.boxes: dict[str, ChatSwitch] = {}
        layout = self._layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, MEDIUM, 0)
        layout.setSpacing(MEDIUM)
        self._add_presets()
        self._add_chat()
        for path, field in fields_of(GenerationSettings).items():
            if field.annotation is bool:
                continue
            edit = FieldEdit(field, roomy=True)
            edit.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
            if isinstance(edit.editor, FloatBox) and field.maximum and field.maximum > 1:
                edit.editor.setSingleStep(0.1)
            if isinstance(edit.editor, QSpinBox):
                edit.editor.setKeyboardTracking(True)
            edit.edited.connect(self._edited)
            self.edits[path] = edit
            layout.addWidget(edit)
        self.shade = QCheckBox(self.tr("Shade by probability"))
        explain_widget(
            self.shade,
            self.tr("The less probable a token was, the stronger its shade. Point at one for the number."),
        )
        self.shade.toggled.connect(self.shading)
        layout.addWidget(self.shade)
        self.reset = GhostButton(
            self.tr("Defaults"), help=self.tr("Go back to the settings that suit most models.")
        )
        self.reset.clicked.connect(self.use_defaults)
        layout.addWidget(self.reset)
        layout.addStretch(1)
        self.use_defaults()

    def _add_presets(self) -> None:
        self.preset = QComboBox()
        self.preset.addItem(self.tr("Settings of my own"), None)
        for place, preset in enumerate(PRESETS, 1):
            self.preset.addItem(self.tr(preset.title), preset.name)
            self.preset.setItemData(place, self.tr(preset.help), Qt.ItemDataRole.ToolTipRole)
        explain_widget(
            self.preset,
            self.tr("Settings that go well together. Length, seed and the number of answers stay."),
            self.tr("Preset"),
        )
        self.preset.activated.connect(lambda _: self._use_preset(self.preset.currentData()))
        self.preset_help = Label("", "caption", wrap=True)
        caption = Label(self.tr("Preset"), "caption")
        caption.setBuddy(self.preset)
        self._add_together(caption, self.preset, self.preset_help)

    def _add_chat(self) -> None:
        field = fields_of(GenerationSettings)["chat"]
        switch = self.boxes["chat"] = ChatSwitch(field.title)
        switch.setToolTip(f"<qt>{field.help}</qt>")
        switch.toggled.connect(lambda on: self._edited("chat", on))
        self.system = QPlainTextEdit()
        self.system.setTabChangesFocus(True)
        self.system.setPlaceholderText(self.tr("None"))
        self.system.setFixedHeight(self.system.fontMetrics().lineSpacing() * 3 + 14)
        explain_widget(
            self.system,
            self.tr(
                "What stands at the head of a chat, such as how to answer. Counts from the next prompt on."
            ),
            self.tr("System prompt"),
        )
        self.system.textChanged.connect(lambda: self.system_changed.emit(self.system.toPlainText()))
        caption = Label(self.tr("System prompt"), "caption")
        caption.setBuddy(self.system)
        self._system_part = self._add_together(caption, self.system, above=switch)

    def _add_together(self, *widgets: QWidget, above: QWidget | None = None) -> QWidget:
        """Add widgets that belong together, and return what holds them."""
        if above is not None:
            self._layout.addWidget(above)
        part = QWidget()
        inside = QVBoxLayout(part)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(TINY)
        for widget in widgets:
            inside.addWidget(widget)
        self._layout.addWidget(part)
        return part

    def use_defaults(self) -> None:
        """Show and take the defaults."""
        self.take(GenerationSettings())

    def take(self, settings: GenerationSettings) -> None:
        """Show and take these settings."""
        self.settings = settings
        for path, edit in self.edits.items():
            edit.show_value(getattr(settings, path))
            edit.complain("")
        for path, box in self.boxes.items():
            box.setChecked(bool(getattr(settings, path)))
        self._show_preset()

    def _use_preset(self, name: str | None) -> None:
        for preset in PRESETS:
            if preset.name == name:
                self.take(preset.applied(self.settings))
        self._show_preset()

    def _show_preset(self) -> None:
        """Name the preset that the settings agree with, if there is one."""
        now = self.settings.model_dump()
        found = next((p for p in PRESETS if all(now[key] == v for key, v in p.changes.items())), None)
        self.preset.setCurrentIndex(self.preset.findData(found.name) if found else 0)
        self.preset_help.setText(self.tr(found.help) if found else "")
        show_if(self.preset_help, found is not None)
        show_if(self._system_part, self.settings.chat)

    def _edited(self, path: str, value: Any) -> None:
        try:
            self.settings = validated(GenerationSettings, self.settings.model_dump() | {path: value})
        except WorkbenchError as error:
            if path in self.edits:
                self.edits[path].complain(error.problem.title)
            return
        if path in self.edits:
            self.edits[path].complain("")
        self._show_preset()
