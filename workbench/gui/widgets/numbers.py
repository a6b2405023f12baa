"""Number fields: whole and decimal numbers that are padded, do not steal the wheel, and read 1e-4."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox

# The style sheet's padding does not reach the edit inside a spin box.
TEXT_MARGIN = 6


class IntBox(QSpinBox):
    """A whole number with an optional unit."""

    def __init__(self, minimum: int, maximum: int, unit: str = "") -> None:
        super().__init__()
        self.setRange(minimum, maximum)
        self.setSuffix(f" {unit}" if unit else "")
        self.setKeyboardTracking(False)
        self.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(TEXT_MARGIN, 0, 0, 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only a field that has the focus turns with the wheel; otherwise the page scrolls."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class FloatBox(QDoubleSpinBox):
    """A decimal number that is shown as short as it can be, and may be typed as 1e-4.

    Steps are a tenth of the number's size with `by_size` (learning rates), else `step`.
    """

    def __init__(
        self, minimum: float, maximum: float, unit: str = "", *, step: float = 0.1, by_size: bool = False
    ) -> None:
        super().__init__()
        self.setDecimals(12)
        self.setRange(minimum, maximum)
        self.setSingleStep(step)
        self.setSuffix(f" {unit}" if unit else "")
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(TEXT_MARGIN, 0, 0, 0)
        self._by_size = by_size

    def textFromValue(self, value: float) -> str:
        """As short as it can be: 0.0001, but 5e-05."""
        return f"{value:.6g}"

    def valueFromText(self, text: str) -> float:
        """Reads 0.0001, 0,0001 and 1e-4; what is half typed counts as 0."""
        try:
            return float(self._number(text))
        except ValueError:
            return 0.0

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """A number in the range is good; the beginning of one may stay while it is typed."""
        number = self._number(text)
        try:
            value = float(number)
        except ValueError:
            typing = all(letter in "0123456789.eE+-" for letter in number)
            state = QValidator.State.Intermediate if typing else QValidator.State.Invalid
            return state, text, position
        good = math.isfinite(value) and self.minimum() <= value <= self.maximum()
        return (QValidator.State.Acceptable if good else QValidator.State.Intermediate), text, position

    def stepBy(self, steps: int) -> None:
        """Up and down."""
        value = self.value()
        if self._by_size:
            size = 10.0 ** math.floor(math.log10(value)) if value > 0 else 10.0**-5
            # Downwards from a power of ten the next smaller size counts: 1e-4 goes to 9e-5.
            if steps < 0 and math.isclose(value, size):
                size /= 10
            self.setValue(float(f"{value + steps * size:.6g}"))
        else:
            self.setValue(float(f"{value + steps * self.singleStep():.10g}"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """As in `IntBox`."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _number(self, text: str) -> str:
        return text.removesuffix(self.suffix()).strip().replace(",", ".")
