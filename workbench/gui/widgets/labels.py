"""Labels: titles, quiet texts, fixed-width texts, badges, and labels that shorten themselves."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from workbench.gui.theme import mono_font


def restyle(widget: QWidget, **properties: object) -> None:
    """Set dynamic properties (`role`, `tone`, `invalid`) and let the style sheet take them in."""
    if all(widget.property(name) == value for name, value in properties.items()):
        return  # re-polishing costs about 0.1 ms: not for nothing
    for name, value in properties.items():
        widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def explain_widget(widget: QWidget, help: str, name: str = "", description: str = "") -> None:
    """Give a widget its tooltip in plain words and its names for screen readers."""
    # Rich text, because only rich tooltips wrap; the text itself is plain.
    escaped = help.replace("&", "&amp;").replace("<", "&lt;")
    widget.setToolTip(f"<qt>{escaped}</qt>" if help else "")
    if name:
        widget.setAccessibleName(name)
    widget.setAccessibleDescription(description or help)


class Label(QLabel):
    """A plain-text label with a role; texts of files and models are never taken for markup."""

    def __init__(self, text: str = "", role: str = "", *, wrap: bool = False) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        if role:
            self.setProperty("role", role)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A wrapped text claims the height of all its lines; Qt would let a layout cut the last ones off."""
        super().resizeEvent(event)
        self._claim_height()

    def setText(self, text: str) -> None:
        """Another text may need more lines, or fewer, in the same width."""
        super().setText(text)
        self._claim_height()

    def _claim_height(self) -> None:
        if self.wordWrap():
            self.setMinimumHeight(0)  # no answer of heightForWidth is below the minimum
            self.setMinimumHeight(max(0, self.heightForWidth(self.width())))  # -1 when there is no text


class Title(Label):
    """The title of a card or a page."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text, "title")


class Muted(Label):
    """A quiet text; wraps."""

    def __init__(self, text: str = "", *, wrap: bool = True) -> None:
        super().__init__(text, "muted", wrap=wrap)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)


class Mono(Label):
    """A text in the fixed-width font that can be selected."""

    def __init__(self, text: str = "", *, wrap: bool = False) -> None:
        super().__init__(text, wrap=wrap)
        self.setFont(mono_font())
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )


class Badge(Label):
    """A small status pill; `tone` is good, warning, bad, accent or neutral."""

    def __init__(self, text: str = "", tone: str = "neutral") -> None:
        super().__init__(text, "badge")
        self.setProperty("tone", tone)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_status(self, text: str, tone: str) -> None:
        """Change text and tone."""
        self.setText(text)
        restyle(self, tone=tone)


class ElidedLabel(Label):
    """One line that is shortened in the middle or at the end when there is no room; the tooltip has it all."""

    def __init__(
        self, text: str = "", role: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    ) -> None:
        super().__init__(text, role)
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        """A few letters wide."""
        return QSize(self.fontMetrics().averageCharWidth() * 4, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much as fits."""
        shown = self.fontMetrics().elidedText(self.text(), self._mode, self.contentsRect().width())
        if shown != self.text() and self.toolTip() != self.text():
            self.setToolTip(self.text())
        painter = QPainter(self)
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            int(self.alignment()),
            self.palette(),
            self.isEnabled(),
            shown,
            self.foregroundRole(),
        )


def show_if(widget: QWidget, on: bool) -> None:
    """Show a widget, or hide it. One without a parent shows with the parent that it gets: at once it would flash as a
    window of its own, and take the focus away."""
    if on and widget.parent() is None:
        widget.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)  # as if never hidden
    else:
        widget.setVisible(on)
