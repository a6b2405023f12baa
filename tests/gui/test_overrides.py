"""An error in a method that overrides Qt's is told and ends nothing, whoever raised it."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import workbench.gui
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

app = QApplication([])

class Painted(QWidget):
    def paintEvent(self, event):
        {raising}

    def close(self):
        print("closed without a value")
        return super().close()

widget = Painted()
widget.resize(100, 100)
try:
    widget.grab()
except Exception as error:
    print("told:", error)
button = QPushButton(widget)
button.clicked.connect(widget.close)
button.click()
print("alive")
"""


@pytest.mark.parametrize(
    "raising", ['int("x")', "[].pop()", 'raise ValueError("y")'], ids=["of C", "of a list", "of Python"]
)
def test_an_error_in_an_overriding_method_does_not_end_the_process(raising: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(raising=raising)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "told:" in done.stdout and "closed without a value" in done.stdout
    assert done.stdout.splitlines()[-1] == "alive"
