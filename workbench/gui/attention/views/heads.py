"""All heads of a model for a sentence, and one of them enlarged."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout

from workbench.gui.attention.atlas import Head
from workbench.gui.attention.atlas_view import AtlasView
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.figures import Figure, map_parts
from workbench.gui.attention.head_card import HeadCard
from workbench.gui.attention.head_filter import HeadFilter
from workbench.gui.attention.kinds import facts_text
from workbench.gui.attention.labels import head_name, link_text
from workbench.gui.attention.options import Legend, Options, captioned
from workbench.gui.attention.parts import PartChoice
from workbench.gui.attention.question import Question
from workbench.gui.attention.scales import describe
from workbench.gui.attention.shown import Shown, show, show_one
from workbench.gui.attention.view import Ask, View
from workbench.gui.model_choice import Choice
from workbench.gui.probabilities import ProbabilityBars
from workbench.gui.theme import MEDIUM, theme
from workbench.gui.widgets import Card, ElidedLabel, column
from workbench.gui.workspace import Workspace
from workbench.run.inside.census import Census
from workbench.run.inside.words import merge_words
from workbench.run.results import AttentionMaps, HeadMap, PooledMaps
from workbench.session.inside.census import Surveyed, survey
from workbench.session.inspection import attend_head
from workbench.session.requests import AttentionRequest, HeadRequest

#: While following a training, the maps are asked for at most this often; each answer holds the training up.
FOLLOW_SECONDS = 1.0
#: Longer texts are cut; a model in training is asked about shorter ones only, for it waits meanwhile.
LONGEST, LONGEST_LIVE = 2048, 256
#: Texts of more characters do not hold a training up, but wait for its end.
_QUICK = 2000
#: Whole heads of a long text are 16 MB each at 2 048 tokens; so many of those looked at last are kept.
_KEPT = 4
_ATLAS_HINT = "Each square is a head: point to read, click to enlarge, Ctrl+wheel to zoom."


class HeadsView(View):
    """The atlas of all heads at the left, one head enlarged at the right."""

    invitation = "Or pick an example. You will see, for every head in every layer, which words look at which."

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.maps: AttentionMaps | PooledMaps | None = None
        self.census: Census | None = None
        self.shown: Shown | None = None
        self._words: tuple[AttentionMaps, AttentionMaps] | None = None  # maps of tokens, and of words
        self._whole: dict[Head, HeadMap] = {}  # heads of a long text, in full
        self._one: tuple[HeadMap, Shown] | None = None
        self._asked = AttentionRequest("", "")
        self._wish: Head | None = None
        self._followed_at = 0.0
        self.options = Options(self._redraw)
        self.atlas = AtlasView()
        self.filter = HeadFilter()
        self.part = PartChoice()
        self.head_card = HeadCard()
        self.head, self.fit, self.wide = self.head_card.map, self.head_card.fit, self.head_card.wide
        self.head_words, self.link_words = self.head_card.words, self.head_card.facts
        self.legend = Legend()
        self.bars = ProbabilityBars(limit=5)
        self.atlas_words = ElidedLabel(self.tr(_ATLAS_HINT), "muted")
        self.note = ElidedLabel("", "caption")
        self._lay_out()
        self._connect()

    # ---- shape

    def _lay_out(self) -> None:
        self.atlas_card = Card(self.tr("All heads"))
        self.export = ExportButton(
            self.tr("Attention"),
            lambda: self.maps.model if self.maps else "",
            lambda: map_parts(self.figure(True), self.figure(False)),
            self.workspace,
        )
        self.atlas_card.add_action(self.export)
        self.atlas_card.add(self.note)
        self.atlas_card.add(self.part)
        self.atlas_card.add(self.filter)
        self.atlas_card.add(self.atlas, 1)
        self.atlas_card.add(self.atlas_words)
        self.atlas_card.add(self.legend)
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
        self.atlas.joined.connect(self._show_head)
        self.part.chosen.connect(lambda key: self.ask())
        self.filter.arranged.connect(self._show_atlas)
        self.filter.pointed_out.connect(lambda: self.atlas.point_out(self.filter.bright()))
        self.wide.toggled.connect(self._widen)
        self.workspace.history_changed.connect(self._follow)

    # ---- asking

    def wanted(self, choice: Choice, text: str) -> Ask:
        """The maps of the sentence, and what each head does in it."""
        longest = LONGEST_LIVE if self.question.is_live() else LONGEST
        self._asked = AttentionRequest(choice.model, text, longest, self.part.of(choice.model))
        return Ask(survey, self._asked, between_steps=len(text) <= _QUICK)

    def show_answer(self, answer: Surveyed | HeadMap) -> None:
        """Draw the maps, or the head of a long text that was asked for."""
        if isinstance(answer, HeadMap):
            while len(self._whole) >= _KEPT:
                self._whole.pop(next(iter(self._whole)))
            self._whole[answer.layer, answer.head] = answer
            self._show_head()
            return
        self.maps, self.census = answer.maps, answer.census
        self._whole.clear()
        self._one = None
        self.part.show_kinds(self._asked.model, answer.maps.kinds, answer.maps.kind)
        self.filter.show_census(answer.census, self._asked.model)
        self._redraw()
        if self._wish:
            self.choose(*self._wish)

    def forget(self) -> None:
        """There are no maps."""
        self.maps = self.census = self.shown = self._one = None
        self._whole.clear()

    def choose(self, layer: int, head: int) -> None:
        """Enlarge a head now, or as soon as there are maps that have it."""
        self._wish = layer, head
        if self.shown and layer < self.shown.shape[0] and head < self.shown.shape[1] and not self.asking:
            self._wish = None
            if self.filter.order() and (layer, head) not in self.filter.order():
                self.filter.only.setChecked(False)
            self.atlas.choose(layer, head)

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
        look = self.options.look()
        if whole:
            return Figure(self.shown, look, census=self.census, order=self.filter.order())
        if isinstance(self.shown.maps, PooledMaps):
            return Figure(self._one[1], look, self.atlas.selection) if self._one else None
        links = (
            (self.atlas.picked, self.head_card.links.canvas.most) if self.head_card.shows_links() else None
        )
        return Figure(self.shown, look, self.atlas.selection, links, self.census)

    def _redraw(self) -> None:
        if self.maps is None:
            return
        maps, special = self._as_words(self.maps), self.options.special_tokens()
        if self.shown is None or self.shown.maps is not maps or self.shown.special != special:
            self.shown = show(maps, special)
        layers, heads, _ = self.shown.shape
        step = "" if maps.step is None or "step" in maps.model else f", step {maps.step}"
        count = self.tr("{0} words").format(len(maps.tokens)) if maps is not self.maps else ""
        tokens = self.tr("{0} tokens").format(len(self.maps.tokens))
        size = f"{tokens}, {count}" if count else tokens
        self.atlas_card.title.setText(self.tr("{0} layers × {1} heads").format(layers, heads))
        self.note.setText(" ".join(part for part in (f"{maps.model}{step}. {size}.", maps.note) if part))
        self.bars.show_rows(maps.prediction)
        self.prediction.setVisible(bool(maps.prediction))
        self._show_atlas()

    def _as_words(self, maps: AttentionMaps | PooledMaps) -> AttentionMaps | PooledMaps:
        if not self.options.merges_words() or isinstance(maps, PooledMaps):
            return maps
        if self._words is None or self._words[0] is not maps:
            self._words = maps, merge_words(maps)
        return self._words[1]

    def _show_atlas(self) -> None:
        if self.shown is None:
            return
        self.atlas.show_maps(self.shown, self.options.look(), self.census, self.filter.order())
        self.atlas.point_out(self.filter.bright())
        self._show_head()

    def _show_head(self) -> None:
        if self.shown is None:
            return
        where, look = self.atlas.selection, self.options.look()
        top = float(self.atlas.tops[where])
        if isinstance(self.shown.maps, PooledMaps):
            self._show_whole(self.shown.maps, where, top)
        else:
            self.head_card.show_heads(self.shown, self.atlas.picked, top, look, self.census)
        self.legend.bar.show_scale(top, look)
        self.legend.words.setText(describe(self.shown, look.scale))

    def _show_whole(self, maps: PooledMaps, where: Head, top: float) -> None:
        """A head of a long text: it is fetched when it is looked at."""
        one, special = self._whole.get(where), self.options.special_tokens()
        if one is None:
            self.head_card.show_long(None, where, top, self.options.look())
            self.run(
                Ask(
                    attend_head,
                    HeadRequest(self._asked, *where),
                    between_steps=len(self._asked.text) <= _QUICK,
                )
            )
            return
        if self._one is None or self._one[0] is not one or self._one[1].special != special:
            self._one = one, show_one(maps, one, special)
        self.head_card.show_long(self._one[1], where, top, self.options.look())

    def _hovered(self, head: tuple[int, int] | None) -> None:
        if head is None or self.shown is None:
            self.atlas_words.setText(self.tr(_ATLAS_HINT))
        else:
            link = link_text(self.shown, self.shown.strongest(*head))
            kind = f", {facts_text(self.census.facts(*head))}" if self.census else ""
            self.atlas_words.setText(f"{head_name(*head)}{kind}: {link}")

    def _widen(self, on: bool) -> None:
        self.left.setVisible(not on)
        if on:
            self.head_card.take_focus()
        else:
            self.atlas.setFocus()
