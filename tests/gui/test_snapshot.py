"""Pictures of the window: what is in the files, and that taking them changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from workbench.gui.settings import Settings
from workbench.gui.snapshot import snapshot
from workbench.run.home import Home

# The offscreen platform says so of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def colours(file: Path) -> list[tuple[int, int, int]]:
    """The colour of every fourth point in both directions."""
    picture = QImage(str(file))
    points = ((x, y) for x in range(0, picture.width(), 4) for y in range(0, picture.height(), 4))
    found = (picture.pixelColor(x, y) for x, y in points)
    return [(colour.red(), colour.green(), colour.blue()) for colour in found]


def test_pages_are_pictured_in_light_and_dark_from_the_shipped_run_and_the_setting_stays(
    qapp: QApplication, home: Home, tmp_path: Path
) -> None:
    settings = Settings(home.settings)
    settings.set_value("look/theme", "dark")
    settings.save()
    before = home.settings.read_bytes()

    files = snapshot(home, tmp_path / "pictures", None, ["train", "data"])

    names = ["train-light.png", "train-dark.png", "data-light.png", "data-dark.png"]
    assert [file.name for file in files] == names
    brightness = []
    for file in files:
        size = QImage(str(file)).size()
        assert (size.width(), size.height()) == (1440, 900)
        points = colours(file)
        assert len(set(points)) > 100
        brightness.append(sum(sum(point) for point in points) / len(points) / 3)
    for light, dark in (brightness[:2], brightness[2:]):
        assert light > dark + 100
    assert home.settings.read_bytes() == before
    assert not home.runs.exists()
