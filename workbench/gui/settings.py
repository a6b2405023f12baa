"""Settings: a table of frozen rows, the file that remembers them, and the dialog that is derived from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, QSettings, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QVBoxLayout,
    QWidget,
)

from workbench.data import limits
from workbench.gui.theme import LARGE, MEDIUM, SMALL
from workbench.gui.widgets import FloatBox, IntBox, Muted, explain_widget

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. Its type is its default's; `choices` are (value, text) pairs, `bounds` hold for numbers."""

    key: str
    title: str
    help: str
    default: Value
    choices: tuple[tuple[str, str], ...] = ()
    bounds: tuple[float, float] = (0, 100)
    unit: str = ""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "look/theme",
        "Appearance",
        "Light, dark, or as the desktop says.",
        "system",
        choices=(("light", "Light"), ("dark", "Dark"), ("system", "As the system")),
    ),
    Setting(
        "train/smoothing",
        "Smoothing",
        "How strongly noisy curves are smoothed when a run is opened.",
        80,
        bounds=(0, 99),
        unit="%",
    ),
    Setting(
        "train/redraws",
        "Redraws",
        "How often the curves of a running training are redrawn. Drawing takes time from training.",
        5,
        bounds=(1, 10),
        unit="a second",
    ),
    Setting(
        "train/apart",
        "Train apart",
        "Train in a process of its own, so that a crash of the training leaves the window alive.",
        False,
    ),
    Setting(
        "cost/watts",
        "Power",
        "What this machine draws while it trains, to estimate energy before the start. 0 leaves it out.",
        0.0,
        bounds=(0, 100_000),
        unit="watts",
    ),
    Setting(
        "cost/price",
        "Price of energy",
        "What a kilowatt-hour costs in your currency, to estimate the cost before the start. 0 leaves it out.",
        0.0,
        bounds=(0, 1000),
        unit="per kWh",
    ),
    Setting(
        limits.TIMES,
        "Unpacking",
        "A file that grows beyond this when it is unpacked may be made to fill the disk, and is not opened. Texts grow "
        "to ten times their size at most.",
        limits.USUAL[limits.TIMES],
        bounds=limits.BOUNDS[limits.TIMES],
        unit="times the size",
    ),
    Setting(
        limits.GIGABYTES,
        "Unpacking, at most",
        "The same, however large the packed file is.",
        limits.USUAL[limits.GIGABYTES],
        bounds=limits.BOUNDS[limits.GIGABYTES],
        unit="GB",
    ),
    Setting(
        "close/ask",
        "Ask before stopping",
        "Ask when the window is closed while a run is in work.",
        True,
    ),
)
_ROWS = {row.key: row for row in SETTINGS}


class Settings(QObject):
    """The values, kept in an INI file; what the file has wrong falls back to the default."""

    changed = Signal(str)  # the key

    def __init__(self, file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = QSettings(str(file), QSettings.Format.IniFormat)

    def value(self, key: str) -> Value:
        """The value of a row of the table."""
        row = _ROWS[key]
        found = self._store.value(key, row.default)
        if isinstance(row.default, bool):
            return found if isinstance(found, bool) else str(found).lower() == "true"
        if isinstance(row.default, (int, float)):
            kind, (low, high) = type(row.default), row.bounds
            try:
                return kind(min(high, max(low, kind(str(found)))))
            except ValueError:
                return row.default
        allowed = [value for value, _ in row.choices]
        return str(found) if not allowed or found in allowed else row.default

    def number(self, key: str) -> int:
        """The value of a row that holds a number."""
        return int(self.value(key))

    def decimal(self, key: str) -> float:
        """The value of a row that holds a decimal number."""
        return float(self.value(key))

    def set_value(self, key: str, value: Value) -> None:
        """Change a row of the table."""
        if value != self.value(key):
            self._store.setValue(key, value)
            self.changed.emit(key)

    # ---- what the window remembers without a row: its geometry and the like

    def remember(self, key: str, value: QByteArray | str) -> None:
        """Keep a state of the window."""
        self._store.setValue(f"window/{key}", value)

    def remembered(self, key: str) -> QByteArray:
        """A kept state, or empty bytes."""
        found = self._store.value(f"window/{key}")
        return found if isinstance(found, QByteArray) else QByteArray()

    def remembered_text(self, key: str, default: str = "") -> str:
        """A kept word, or the default."""
        found = self._store.value(f"window/{key}")
        return found if isinstance(found, str) else default

    def save(self) -> None:
        """Write the file now."""
        self._store.sync()


class SettingsDialog(QDialog):
    """One line a row of the table; every change holds at once."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.setMinimumWidth(620)
        self._settings = settings
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, LARGE, LARGE, MEDIUM)
        form = QFormLayout()
        form.setHorizontalSpacing(LARGE)
        form.setVerticalSpacing(SMALL)
        for setting in SETTINGS:
            editor = self._editor(setting)
            explain_widget(editor, setting.help, setting.title)
            form.addRow(setting.title, editor)
            form.addRow("", Muted(setting.help))
        layout.addLayout(form)
        layout.addSpacing(MEDIUM)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)

    def _editor(self, row: Setting) -> QWidget:
        key, value = row.key, self._settings.value(row.key)
        if isinstance(row.default, bool):
            box = QCheckBox()
            box.setChecked(bool(value))
            box.toggled.connect(lambda on: self._settings.set_value(key, on))
            return box
        if isinstance(row.default, float):
            decimal = FloatBox(*row.bounds, unit=row.unit, step=0.01 if row.bounds[1] <= 1000 else 10.0)
            decimal.setValue(float(value))
            decimal.valueChanged.connect(lambda x: self._settings.set_value(key, x))
            return decimal
        if isinstance(row.default, int):
            low, high = row.bounds
            number = IntBox(int(low), int(high), unit=row.unit)
            number.setValue(int(value))
            number.valueChanged.connect(lambda n: self._settings.set_value(key, n))
            return number
        combo = QComboBox()
        for choice, text in row.choices:
            combo.addItem(text, choice)
        combo.setCurrentIndex(combo.findData(value))
        combo.activated.connect(lambda index: self._settings.set_value(key, combo.itemData(index)))
        return combo
