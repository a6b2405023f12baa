"""How answers are drawn: one editor for each row of the generation settings."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from workbench.gui.recipe_form import FieldEdit
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import FloatBox, GhostButton, explain_widget
from workbench.run.generation import GenerationSettings
from workbench.run.problem import WorkbenchError
from workbench.run.recipe_files import fields_of, validated


class SettingsForm(QWidget):
    """Editors derived from the settings' own rows; a value that is not allowed is marked and not taken.

    `shading` tells whether tokens are to be shaded by probability.
    """

    shading = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.settings = GenerationSettings()
        self.edits: dict[str, FieldEdit] = {}
        self.boxes: dict[str, QCheckBox] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, MEDIUM, 0)
        layout.setSpacing(MEDIUM)
        for path, field in fields_of(GenerationSettings).items():
            if field.annotation is bool:
                box = QCheckBox(field.title)
                explain_widget(box, field.help, field.title)
                box.toggled.connect(lambda on, path=path: self._edited(path, on))
                self.boxes[path] = box
                layout.addWidget(box)
            else:
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

    def use_defaults(self) -> None:
        """Show and take the defaults."""
        self.settings = GenerationSettings()
        for path, edit in self.edits.items():
            edit.show_value(getattr(self.settings, path))
            edit.complain("")
        for path, box in self.boxes.items():
            box.setChecked(bool(getattr(self.settings, path)))

    def _edited(self, path: str, value: Any) -> None:
        try:
            self.settings = validated(GenerationSettings, self.settings.model_dump() | {path: value})
        except WorkbenchError as error:
            if path in self.edits:
                self.edits[path].complain(error.problem.title)
            return
        if path in self.edits:
            self.edits[path].complain("")
