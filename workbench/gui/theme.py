"""The look: two palettes of our own, spacing, sizes, and the theme that applies them to the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

Mode = Literal["light", "dark", "system"]
MODES: tuple[Mode, ...] = ("light", "dark", "system")

# Spacing in pixels: distances are always one of these, so that things line up.
TINY, SMALL, MEDIUM, LARGE, HUGE = 4, 8, 12, 20, 32
RADIUS = 8
RADIUS_SMALL = 6
CONTROL_HEIGHT = 30

# Font sizes in pixels.
FONT_SMALL, FONT_BODY, FONT_TITLE, FONT_HEADLINE = 11, 13, 15, 20


@dataclass(frozen=True, slots=True)
class Palette:
    """Named colours as "#rrggbb". `series` tells curves apart, also for the colour-blind (hue and lightness
    both differ); `heatmap` are the colours from nothing to much."""

    name: str
    background: str  # behind everything
    surface: str  # cards, fields, lists
    raised: str  # what lies on a surface: hovered rows, pressed buttons, menus
    line: str
    text: str
    muted: str
    accent: str
    accent_text: str  # on the accent
    good: str
    warning: str
    bad: str
    selection: str
    series: tuple[str, ...]
    heatmap: tuple[str, ...]

    def colour(self, name: str) -> QColor:
        """A named colour, as `colour("muted")`."""
        return QColor(str(getattr(self, name)))

    def curve(self, number: int) -> QColor:
        """The colour of the curve of this number, from 0. There are three times as many as in `series`: the second
        round leans to the text's colour, the third to the ground's."""
        turn, place = divmod(number, len(self.series))
        onto, share = ((self.text, 1.0), (self.text, 0.5), (self.surface, 0.55))[turn % 3]
        return QColor(mixed(self.series[place], onto, share))

    def blend(self, name: str, share: float, onto: str = "surface") -> str:
        """The colour mixed into another one: the soft grounds of badges and banners."""
        return mixed(str(getattr(self, name)), str(getattr(self, onto)), share)


LIGHT = Palette(
    name="light",
    background="#f5f5f3",
    surface="#ffffff",
    raised="#efefed",
    line="#e2e2de",
    text="#1d1f23",
    muted="#676b73",
    accent="#4a57cf",
    accent_text="#ffffff",
    good="#17804f",
    warning="#9a6100",
    bad="#c2362b",
    selection="#e4e6fa",
    series=("#3f6fd1", "#d9730d", "#0f8a6a", "#b3458f", "#7a6a00", "#38a3c4"),
    heatmap=("#ffffff", "#dfe3fb", "#9aa5ee", "#4a57cf", "#1f2470"),
)

DARK = Palette(
    name="dark",
    background="#17181b",
    surface="#1e2023",
    raised="#292b30",
    line="#303339",
    text="#e8e9eb",
    muted="#989ca5",
    accent="#8b95f6",
    accent_text="#14152a",
    good="#56c08b",
    warning="#e0a94a",
    bad="#f0766a",
    selection="#32365a",
    series=("#7ba7f7", "#f2a154", "#4fc6a0", "#e58cc4", "#d8c65a", "#79d2ea"),
    heatmap=("#1e2023", "#2f3566", "#5a64cf", "#a3abf9", "#f6f0d4"),
)


def mixed(colour: str, onto: str, share: float) -> str:
    """`share` of one colour and the rest of another."""
    parts = zip(_rgb(colour), _rgb(onto), strict=True)
    return "#{:02x}{:02x}{:02x}".format(*(round(share * a + (1 - share) * b) for a, b in parts))


def _rgb(colour: str) -> tuple[int, int, int]:
    parts = QColor(colour)
    return parts.red(), parts.green(), parts.blue()


def colour_table(palette: Palette) -> NDArray[np.uint8]:
    """The heatmap's colours as a lookup table of shape (256, 3)."""
    stops = np.array([_rgb(stop) for stop in palette.heatmap], dtype=np.float64)
    at = np.linspace(0, len(stops) - 1, 256)
    channels = [np.interp(at, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


class Theme(QObject):
    """Applies a palette to the application and tells custom-painted widgets when it changes."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._mode: Mode = "system"
        self._palette = LIGHT
        self._followed: QGuiApplication | None = None

    @property
    def mode(self) -> Mode:
        """What the person chose."""
        return self._mode

    def current(self) -> Palette:
        """The palette that is on the screen."""
        return self._palette

    def apply(self, app: QApplication, mode: Mode) -> None:
        """Give the whole application the look. "system" follows the desktop, and is light where it is silent."""
        from workbench.gui.stylesheet import style_sheet

        self._mode = mode
        self._palette = DARK if self._resolved(app) == "dark" else LIGHT
        if self._followed is not app:
            self._followed = app
            app.setStyle(QStyleFactory.create("Fusion"))
            app.setFont(_font())
            app.styleHints().colorSchemeChanged.connect(self._desktop_changed)
        app.setPalette(_qt_palette(self._palette))
        app.setStyleSheet(style_sheet(self._palette))
        self.changed.emit()

    def _resolved(self, app: QApplication) -> str:
        if self._mode != "system":
            return self._mode
        return "dark" if app.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"

    def _desktop_changed(self) -> None:
        app = cast("QApplication | None", QCoreApplication.instance())
        if self._mode == "system" and app is not None:
            # Not inside the signal: a new style sheet re-polishes every widget.
            QTimer.singleShot(0, self, lambda: self.apply(app, "system"))


_theme: Theme | None = None


def theme() -> Theme:
    """The one theme of the process."""
    global _theme
    if _theme is None:
        _theme = Theme()
    return _theme


def current() -> Palette:
    """The palette that is on the screen."""
    return theme().current()


def mono_font(pixels: int = FONT_BODY - 1) -> QFont:
    """The system's fixed-width font."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(pixels)
    return font


def _font() -> QFont:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setPixelSize(FONT_BODY)
    # Figures of equal width: numbers that change do not make the text around them tremble.
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _qt_palette(palette: Palette) -> QPalette:
    role = QPalette.ColorRole
    colours = {
        role.Window: palette.background,
        role.WindowText: palette.text,
        role.Base: palette.surface,
        role.AlternateBase: palette.background,
        role.ToolTipBase: palette.text,
        role.ToolTipText: palette.surface,
        role.PlaceholderText: palette.muted,
        role.Text: palette.text,
        role.Button: palette.surface,
        role.ButtonText: palette.text,
        role.BrightText: palette.bad,
        role.Highlight: palette.accent,
        role.HighlightedText: palette.accent_text,
        role.Link: palette.accent,
        role.Accent: palette.accent,
        role.Mid: palette.line,
        role.Dark: palette.line,
        role.Light: palette.raised,
    }
    result = QPalette()
    for key, colour in colours.items():
        result.setColor(key, QColor(colour))
    for key in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, key, QColor(palette.blend("muted", 0.6)))
    return result
