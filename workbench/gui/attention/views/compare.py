"""Before and after: what the heads of one model do that those of another do not, and where the two disagree."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSplitter, QVBoxLayout

from workbench.gui.attention.atlas_view import AtlasView
from workbench.gui.attention.colours import DIFFERENCES
from workbench.gui.attention.drawing import Look
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.figures import Figure, map_parts
from workbench.gui.attention.head_view import HeadView
from workbench.gui.attention.labels import head_name, link_text
from workbench.gui.attention.options import ColourBar, Options, captioned
from workbench.gui.attention.question import Question
from workbench.gui.attention.scales import Scale, tops
from workbench.gui.attention.shown import Shown, show
from workbench.gui.attention.view import Ask, HeadRating, View
from workbench.gui.attention.views.disagreements import Disagreements
from workbench.gui.model_choice import PICTURES, Choice, ModelChooser
from workbench.gui.probabilities import ProbabilityBars
from workbench.gui.theme import MEDIUM, theme
from workbench.gui.widgets import Card, ElidedLabel, Segmented, column, row
from workbench.gui.workspace import Workspace
from workbench.run.inside.comparison import Comparison
from workbench.run.inside.tables import divergence_table
from workbench.session.inside.compare import ComparisonRequest, compare_heads

_HINT = "Blue looks less than before, orange more. Click a head to enlarge it."


class CompareView(View):
    """The differences of all heads at the left, one head before, after and their difference at the right."""

    alarms = False  # that two models cannot be compared is nothing to be alarmed about
    invitation = "Or pick an example. You will see what each head does differently in two models."

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.found: Comparison | None = None
        self._maps: dict[str, Shown] = {}
        self._asked = ""
        self.options = Options(self._redraw)
        used = self.options.special_choice, self.options.top_choice
        for unused in set(self.options.controls()) - set(
            used
        ):  # differences have their own scale and colours
            unused.setParent(self)
            unused.hide()
        self.other = ModelChooser(workspace, lambda choice: choice.task != PICTURES)
        self.other.setAccessibleName(self.tr("Compared with"))
        self.order = Segmented(
            [
                ("model", self.tr("As in the model"), "", self.tr("Layers from the first to the last.")),
                ("change", self.tr("Most changed first"), "", self.tr("By Jensen-Shannon divergence.")),
            ],
            self.tr("Order of the heads"),
        )
        self.which = Segmented(
            [
                ("difference", self.tr("Difference"), "", self.tr("The second less the first.")),
                ("first", self.tr("Before"), "", self.tr("In the model that is compared with.")),
                ("second", self.tr("After"), "", self.tr("In the model chosen above.")),
            ],
            self.tr("Which map"),
        )
        self.atlas, self.head, self.bar = AtlasView(), HeadView(), ColourBar()
        self.words = ElidedLabel(self.tr(_HINT), "muted")
        self.change = ElidedLabel("", "caption")
        self.cell = ElidedLabel("", "muted")
        self.note = ElidedLabel("", "caption")
        self.bars = ProbabilityBars(limit=3), ProbabilityBars(limit=3)
        self.names = ElidedLabel("", "caption"), ElidedLabel("", "caption")
        self.rows = Disagreements(workspace, question)
        self._lay_out()
        self._connect()
        self._choose_base()

    # ---- shape

    def _lay_out(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(MEDIUM)
        controls.addWidget(captioned(self.tr("Compared with"), self.other), 2)
        controls.addWidget(captioned(self.tr("Special tokens"), self.options.special_choice), 1)
        controls.addWidget(captioned(self.tr("Strongest colour"), self.options.top_choice), 1)
        controls.addWidget(captioned(self.tr("Order of the heads"), self.order))
        self.atlas_card = Card(self.tr("What changed in each head"))
        self.export = ExportButton(
            self.tr("Before and after"), lambda: self._asked, self.parts, self.workspace
        )
        self.atlas_card.add_action(self.export)
        self.atlas_card.add(self.note)
        self.atlas_card.add(self.atlas, 1)
        self.atlas_card.add(self.words)
        self.atlas_card.add(self.bar)
        self.prediction = Card(self.tr("Prediction"))
        sides = [column(name, bars, None) for name, bars in zip(self.names, self.bars, strict=True)]
        self.prediction.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.prediction.add(row(*sides, spacing=MEDIUM))
        self.head_card = Card(self.tr("One head"))
        self.head_card.add_action(self.which)
        self.head_card.add(self.change)
        self.head_card.add(self.head, 1)
        self.head_card.add(self.cell)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(MEDIUM)
        halves.setChildrenCollapsible(False)
        halves.addWidget(column(self.atlas_card, self.prediction, spacing=MEDIUM))
        halves.addWidget(column(self.head_card, self.rows, spacing=MEDIUM))
        halves.setSizes([1000, 1000])
        outer = self.layout()
        assert isinstance(outer, QVBoxLayout)
        outer.setSpacing(MEDIUM)
        outer.insertLayout(
            0, controls
        )  # stays when there is nothing to show: another model may be comparable
        layout = QVBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(halves)

    def _connect(self) -> None:
        theme().changed.connect(self._redraw)
        self.other.chosen.connect(self.ask)
        self.question.chooser.chosen.connect(self._choose_base)
        self.order.chosen.connect(lambda key: self._redraw())
        self.which.chosen.connect(lambda key: self._show_head())
        self.atlas.hovered.connect(self._hovered)
        self.atlas.chosen.connect(lambda layer, head: self._show_head())
        self.head.pointed.connect(self.cell.setText)

    def _choose_base(self) -> None:
        """Compare with what the chosen model was trained from, unless the person chose something else."""
        choice = self.question.chooser.choice()
        if choice is None or self.other.picked_by_person:
            return
        run = self.workspace.summary(choice.run) if choice.run else None
        wanted = run.model if run else next((c.model for c in self.other.choices() if c.run), choice.model)
        self.other.offer(wanted)

    # ---- asking

    def wanted(self, choice: Choice, text: str) -> Ask | None:
        """The heads of both models; None where there is no second one."""
        other = self.other.choice()
        if other is None or not other.ready or other.model == choice.model:
            return None
        self.rows.show_models(choice, other)
        self._asked = choice.model
        return Ask(compare_heads, ComparisonRequest(choice.model, other.model, text))

    def say_empty(self) -> None:
        """Explain what one would see, or what is missing."""
        super().say_empty()
        choice = self.question.chooser.choice()
        other = self.other.choice() if hasattr(self, "other") else None
        if choice is None or other is None or not self.question.text():
            return
        if other.model == choice.model:
            self.empty.say(
                self.tr("Two different models are needed"),
                self.tr("Choose a run above, and its base model or another run to compare with."),
                "attention",
            )
        elif not other.ready:
            self.setup.explain(other.model)
            self.stack.setCurrentWidget(self.setup)

    def show_answer(self, answer: Comparison) -> None:
        """Draw the differences."""
        self.found = answer
        self._maps = {}
        self._redraw()
        self.heads_rated.emit(HeadRating("change", self._asked, answer.divergence))
        self.atlas.choose(*answer.ranked()[0])  # what changed most is what one came for

    def forget(self) -> None:
        """There is nothing to compare."""
        self.found, self._maps = None, {}

    # ---- drawing

    def _look(self, key: str) -> Look:
        look = self.options.look()
        return (
            replace(look, colours=DIFFERENCES, scale=Scale("signed", look.scale.per_head))
            if key == "difference"
            else look
        )

    def _shown(self, key: str) -> Shown:
        """The maps of a key, as they are drawn now."""
        assert self.found is not None
        special = self.options.special_tokens()
        known = self._maps.get(key)
        if known is None or known.special != special:
            # Each side is rescaled by itself; the difference of rescaled rows would be another thing.
            if key == "difference" and special == "renormalised":
                special = "hidden"
            known = self._maps[key] = show(getattr(self.found, key), special)
        return known

    def figure(self, whole: bool) -> Figure | None:
        """The differences of all heads, or the map of the chosen head that is on; None when there is nothing."""
        if self.found is None:
            return None
        if whole:
            order = self.found.ranked() if self.order.current() == "change" else ()
            return Figure(self._shown("difference"), self._look("difference"), order=order)
        key = self.which.current()
        return Figure(self._shown(key), self._look(key), self.atlas.selection)

    def parts(self) -> list[Part]:
        """What can be exported: the maps that are on, and by how much each head changed."""
        if self.found is None:
            return []
        ranked = Part(self.tr("Change of each head"), "changes", table=partial(divergence_table, self.found))
        return [*map_parts(self.figure(True), self.figure(False)), ranked]

    def _redraw(self) -> None:
        if self.found is None:
            return
        found, shown, look = self.found, self._shown("difference"), self._look("difference")
        order = found.ranked() if self.order.current() == "change" else ()
        self.atlas.show_maps(shown, look, order=order)
        sides = self.tr("{0}, compared with {1}.").format(found.second.model, found.first.model)
        self.note.setText(f"{sides} {found.note}".strip())
        predicted = found.first.prediction or found.second.prediction
        self.prediction.setVisible(bool(predicted))
        for name, bars, maps in zip(self.names, self.bars, (found.first, found.second), strict=True):
            name.setText(maps.model if maps.prediction else self.tr("{0}: no classes").format(maps.model))
            bars.show_rows(maps.prediction)
        self._show_head()

    def _show_head(self) -> None:
        if self.found is None:
            return
        where, key = self.atlas.selection, self.which.current()
        shown, look = self._shown(key), self._look(key)
        self.head_card.title.setText(head_name(*where))
        place = self.found.ranked().index(where) + 1
        self.change.setText(
            self.tr("Changed by {0:.3f} bit, number {1} of {2}. Most: {3}").format(
                self.found.divergence[where],
                place,
                self.found.divergence.size,
                link_text(self._shown("difference"), self._shown("difference").strongest(*where)),
            )
        )
        top = float(tops(shown, look.scale)[where])
        self.head.show_head(shown, where, top, look)
        self.bar.show_scale(top, look)

    def _hovered(self, head: tuple[int, int] | None) -> None:
        if head is None or self.found is None:
            self.words.setText(self.tr(_HINT))
            return
        shown = self._shown("difference")
        link = link_text(shown, shown.strongest(*head))
        changed = self.tr("changed by {0:.3f} bit").format(self.found.divergence[head])
        self.words.setText(f"{head_name(*head)}: {changed}; {link}")
