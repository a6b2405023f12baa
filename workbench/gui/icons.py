"""Icons: our own SVG line drawings, drawn in the theme's colours and redrawn when it changes."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from workbench.gui.theme import current, theme
from workbench.run.resources import resources_folder

ICONS = resources_folder() / "icons" / "ui"
#: Every control shows its icon at this size; each drawing costs 0.2 ms, and the window has a hundred.
SIZE = 16


@runtime_checkable
class HasIcon(Protocol):
    """A button, a tab, an action."""

    def setIcon(self, icon: QIcon, /) -> None:
        """Show the icon."""


def pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """One drawing in one colour; `size` in device-independent pixels."""
    svg = _source(name).replace("currentColor", colour)
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    result = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    renderer.render(painter, QRectF(result.rect()))
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result


def icon(name: str, role: str = "text") -> QIcon:
    """The drawing in a palette colour, at the usual size; it does not follow the theme (see `keep_icon`)."""
    palette = current()
    result = QIcon()
    disabled = palette.blend("muted", 0.5)
    for ratio in (1.0, 2.0):
        result.addPixmap(pixmap(name, str(getattr(palette, role)), SIZE, ratio))
        result.addPixmap(pixmap(name, disabled, SIZE, ratio), QIcon.Mode.Disabled)
    return result


def keep_icon(owner: QObject, name: str, role: str = "text") -> None:
    """Give a button or action an icon that follows the theme; calling it again changes the icon."""
    keeper = owner.findChild(_Keeper, options=Qt.FindChildOption.FindDirectChildrenOnly)
    if keeper is None:
        keeper = _Keeper(owner)
    keeper.show(name, role)


class _Keeper(QObject):
    """Lives with its owner and redraws its icon when the theme changes."""

    def __init__(self, owner: QObject) -> None:
        super().__init__(owner)
        self._wanted = ("", "text")
        theme().changed.connect(self.redraw)

    def show(self, name: str, role: str) -> None:
        if (name, role) != self._wanted:
            self._wanted = (name, role)
            self.redraw()

    def redraw(self) -> None:
        name, role = self._wanted
        owner: object = self.parent()
        if name and isinstance(owner, HasIcon):
            owner.setIcon(icon(name, role))


@lru_cache(maxsize=128)
def _source(name: str) -> str:
    return (ICONS / f"{name}.svg").read_text(encoding="utf-8")
