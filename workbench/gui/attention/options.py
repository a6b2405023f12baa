"""The controls of the Attention page: colour scale, special tokens, colours; and the legend that says what is on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

from workbench.gui.attention.colours import MAPS
from workbench.gui.attention.drawing import Look, draw_bar
from workbench.gui.attention.scales import Kind, Scale
from workbench.gui.attention.shown import Special
from workbench.gui.theme import LARGE, current
from workbench.gui.widgets import Label, column, explain_widget

SCALES = (
    ("linear", "Linear", "Colour in proportion to the weight. A few strong cells outshine the rest."),
    ("sqrt", "Square root", "Lifts small weights, so that the pattern of a head shows. A good start."),
    ("log", "Logarithmic", "Four powers of ten, from the top down to a ten-thousandth of it."),
    (
        "cap",
        "99th percentile",
        "Linear, but the strongest hundredth of the cells share the strongest colour.",
    ),
)
TOPS = (
    ("shared", "Same for all", "One top for all heads: colours can be compared between heads."),
    ("head", "Each head", "Each head has its own top: faint heads show their pattern too."),
)
SPECIALS = (
    ("shown", "Shown", "All tokens, with those that the model adds, such as [CLS] and [SEP]."),
    ("hidden", "Hidden", "Grey out rows and columns of special tokens; the other weights stay as they are."),
    (
        "renormalised",
        "Hidden, rescaled",
        "Grey them out and divide each row by what is left, so that it sums to 1 again.",
    ),
)
WORDS = (
    ("tokens", "As tokens", "The pieces that the model reads."),
    (
        "words",
        "As words",
        "Pieces of a word are put together: weights are summed over the pieces that are looked at, and meaned over "
        "those that look. Rows still sum to 1.",
    ),
)


class Choices(QComboBox):
    """A list of (key, text, help); `chosen` comes when another one is chosen."""

    chosen = Signal()

    def __init__(self, name: str, help: str, rows: Sequence[tuple[str, str, str]], first: str) -> None:
        super().__init__()
        for key, text, about in rows:
            self.addItem(self.tr(text), key)
            self.setItemData(self.count() - 1, self.tr(about), Qt.ItemDataRole.ToolTipRole)
        self.choose(first)
        explain_widget(
            self, f"{help} {' '.join(f'{text}: {about}' for _, text, about in rows)}".strip(), name
        )
        # Five of them stand in a row: in a narrow window each may become shorter than its longest text.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.currentIndexChanged.connect(lambda _: self.chosen.emit())

    def current(self) -> str:
        """The key of the choice."""
        return str(self.currentData())

    def choose(self, key: str) -> None:
        """Choose by key."""
        self.setCurrentIndex(self.findData(key))

    def enable(self, key: str, on: bool) -> None:
        """Whether a choice can be chosen now."""
        model = self.model()
        assert isinstance(model, QStandardItemModel)
        model.item(self.findData(key)).setEnabled(on)


class Options:
    """The five choices of how the maps are drawn, as controls under their captions."""

    def __init__(self, changed: Callable[[], object]) -> None:
        self.scale_choice = Choices("Colour scale", "How weights become colours.", SCALES, "sqrt")
        self.top_choice = Choices(
            "Strongest colour", "Which weight gets the strongest colour.", TOPS, "shared"
        )
        self.special_choice = Choices(
            "Special tokens", "Tokens that the model adds itself.", SPECIALS, "shown"
        )
        self.word_choice = Choices("Text", "What a row and a column stand for.", WORDS, "tokens")
        self.colour_choice = Choices("Colours", "All can be read by colour-blind people.", MAPS, "ink")
        for control in self.controls():
            control.chosen.connect(changed)

    def controls(self) -> tuple[Choices, ...]:
        """The controls from left to right; their accessible names are their captions."""
        return self.scale_choice, self.top_choice, self.special_choice, self.word_choice, self.colour_choice

    def scale(self) -> Scale:
        """The colour scale that is on."""
        return Scale(cast("Kind", self.scale_choice.current()), self.top_choice.current() == "head")

    def special_tokens(self) -> Special:
        """What is done with special tokens."""
        return cast("Special", self.special_choice.current())

    def merges_words(self) -> bool:
        """Whether sub-words are put together into words."""
        return self.word_choice.current() == "words"

    def look(self) -> Look:
        """How everything is drawn now."""
        return Look(current(), self.colour_choice.current(), self.scale(), self.scale_choice.font())


def captioned(words: str, control: QWidget) -> QWidget:
    """A control under its caption."""
    return column(Label(words, "caption"), control, spacing=2)


class ColourBar(QWidget):
    """The colour bar with its marks."""

    def __init__(self) -> None:
        super().__init__()
        self._top = 1.0
        self._look: Look | None = None
        self.setFixedHeight(30)
        self.setMinimumWidth(160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colour bar")

    def show_scale(self, top: float, look: Look) -> None:
        """Draw the bar for a top weight."""
        self._top, self._look = top, look
        lowest = -top if look.scale.kind == "signed" else 0
        self.setAccessibleDescription(f"From {lowest:.3g} to {top:.3g}")
        self.update()

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(260, 30)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar."""
        if self._look:
            draw_bar(QPainter(self), QRectF(self.rect()).adjusted(1, 2, -1, 0), self._top, self._look)


class Legend(QWidget):
    """The colour bar, and in words which scale and options are on."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = ColourBar()
        self.words = Label("", "caption", wrap=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(LARGE)
        layout.addWidget(self.bar, 1)
        layout.addWidget(self.words, 1)
