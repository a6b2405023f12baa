"""All heads of a model for a sentence, and one of them enlarged."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout

from workbench.gui.attention.atlas_view import AtlasView
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.figures import Figure
from workbench.gui.attention.head_view import HeadView
from workbench.gui.attention.labels import head_name, link_text
from workbench.gui.attention.options import Legend, Options, captioned
from workbench.gui.attention.question import Question
from workbench.gui.attention.scales import describe, tops
from workbench.gui.attention.shown import Shown, show
from workbench.gui.attention.view import Ask, View
from workbench.gui.model_choice import Choice
from workbench.gui.probabilities import ProbabilityBars
from workbench.gui.theme import MEDIUM, theme
from workbench.gui.widgets import Card, ElidedLabel, IconButton, column
from workbench.gui.workspace import Workspace
from workbench.run.results import AttentionMaps
from workbench.session.inspection import attend
from workbench.session.requests import AttentionRequest

#: While following a training, the maps are asked for at most this often; each answer holds the training up.
FOLLOW_SECONDS = 1.0
_ATLAS_HINT = "Each square is one head. Point at one to read it, click to enlarge it."
_HEAD_HINT = "Rows look at columns. Point at a cell; the wheel zooms."


class HeadsView(View):
    """The atlas of all heads at the left, one head enlarged at the right."""

    invitation = "Or pick an example. You will see, for every head in every layer, which words look at which."

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.maps: AttentionMaps | None = None
        self.shown: Shown | None = None
        self._followed_at = 0.0
        self.options = Options(self._redraw)
        self.atlas = AtlasView()
        self.head = HeadView()
        self.legend = Legend()
        self.bars = ProbabilityBars(limit=5)
        self.atlas_words = ElidedLabel(self.tr(_ATLAS_HINT), "muted")
        self.head_words = ElidedLabel(self.tr(_HEAD_HINT), "muted")
        self.link_words = ElidedLabel("", "caption")
        self.note = ElidedLabel("", "caption")
        self._lay_out()
        self._connect()

    # ---- shape

    def _lay_out(self) -> None:
        self.atlas_card = Card(self.tr("All heads"))
        self.export = ExportButton(self.figure, lambda: self.atlas.selection, self.workspace)
        self.atlas_card.add_action(self.export)
        self.atlas_card.add(self.note)
        self.atlas_card.add(self.atlas, 1)
        self.atlas_card.add(self.atlas_words)
        self.atlas_card.add(self.legend)
        self.head_card = Card(self.tr("One head"))
        self.wide = IconButton(
            "zoom",
            self.tr("Only this head"),
            self.tr("Hide the others; Escape brings them back."),
            checkable=True,
        )
        self.fit = IconButton(
            "fit",
            self.tr("Show all tokens"),
            self.tr("Undo zooming and moving."),
            on_click=lambda: self.head.zoom(0),
        )
        for button in (self.fit, self.wide):
            self.head_card.add_action(button)
        self.head_card.add(self.link_words)
        self.head_card.add(self.head, 1)
        self.head_card.add(self.head_words)
        self.prediction = Card(self.tr("Prediction"))
        self.prediction.add(self.bars)
        self.prediction.hide()
        self.left = column(self.atlas_card, self.prediction, spacing=MEDIUM)
        self.halves = QSplitter(Qt.Orientation.Horizontal)
        self.halves.setHandleWidth(MEDIUM)
        self.halves.setChildrenCollapsible(False)
        self.halves.addWidget(self.left)
        self.halves.addWidget(self.head_card)
        self.halves.setStretchFactor(0, 1)
        self.halves.setStretchFactor(1, 1)
        self.halves.setSizes([1000, 1000])  # shares, not pixels: the two halves begin equal
        controls = QHBoxLayout()
        controls.setSpacing(MEDIUM)
        for control in self.options.controls():
            controls.addWidget(captioned(control.accessibleName(), control), 1)
        layout = QVBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addLayout(controls)
        layout.addWidget(self.halves, 1)

    def _connect(self) -> None:
        theme().changed.connect(self._redraw)
        self.atlas.hovered.connect(self._hovered)
        self.atlas.chosen.connect(lambda layer, head: self._show_head())
        self.atlas.opened.connect(lambda: self.wide.setChecked(True))
        self.head.closed.connect(lambda: self.wide.setChecked(False))
        self.head.pointed.connect(lambda text: self.head_words.setText(text or self.tr(_HEAD_HINT)))
        self.wide.toggled.connect(self._widen)
        self.workspace.history_changed.connect(self._follow)

    # ---- asking

    def wanted(self, choice: Choice, text: str) -> Ask:
        """The maps of the sentence."""
        return Ask(attend, AttentionRequest(choice.model, text))

    def show_answer(self, answer: AttentionMaps) -> None:
        """Draw the maps."""
        self.maps = answer
        self._redraw()

    def forget(self) -> None:
        """There are no maps."""
        self.maps = self.shown = None

    def _follow(self, name: str) -> None:
        """A training went on: ask again, but neither often nor while an answer is still on its way."""
        if (
            self.question.follow.isChecked()
            and self.question.is_live()
            and name == self.workspace.active_name
            and self.isVisible()
            and not self.asking
            and time.monotonic() - self._followed_at >= FOLLOW_SECONDS
        ):
            self._followed_at = time.monotonic()
            self.ask()

    # ---- drawing

    def figure(self, whole: bool) -> Figure | None:
        """What is on the screen as a picture: the atlas, or the chosen head; None when there is nothing."""
        if self.shown is None:
            return None
        return Figure(self.shown, self.options.look(), None if whole else self.atlas.selection)

    def _redraw(self) -> None:
        if self.maps is None:
            return
        special = self.options.special_tokens()
        if self.shown is None or self.shown.maps is not self.maps or self.shown.special != special:
            self.shown = show(self.maps, special)
        layers, heads, n = self.shown.shape
        step = "" if self.maps.step is None or "step" in self.maps.model else f", step {self.maps.step}"
        self.atlas_card.title.setText(self.tr("{0} layers × {1} heads").format(layers, heads))
        self.note.setText(
            " ".join(part for part in (f"{self.maps.model}{step}. {n} tokens.", self.maps.note) if part)
        )
        self.atlas.show_maps(self.shown, self.options.look())
        self.bars.show_rows(self.maps.prediction)
        self.prediction.setVisible(bool(self.maps.prediction))
        self._show_head()

    def _show_head(self) -> None:
        if self.shown is None:
            return
        where, look = self.atlas.selection, self.options.look()
        top = float(tops(self.shown, look.scale)[where])
        self.head_card.title.setText(head_name(*where))
        self.link_words.setText(
            self.tr("Strongest link: {0}").format(link_text(self.shown, self.shown.strongest(*where)))
        )
        self.head.show_head(self.shown, where, top, look)
        self.legend.bar.show_scale(top, look)
        self.legend.words.setText(describe(self.shown, look.scale))

    def _hovered(self, head: tuple[int, int] | None) -> None:
        if head is None or self.shown is None:
            self.atlas_words.setText(self.tr(_ATLAS_HINT))
        else:
            link = link_text(self.shown, self.shown.strongest(*head))
            self.atlas_words.setText(f"{head_name(*head)}: {link}")

    def _widen(self, on: bool) -> None:
        self.left.setVisible(not on)
        (self.head if on else self.atlas).setFocus()
