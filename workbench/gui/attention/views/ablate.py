"""Take heads away: which heads matter, what the model loses without some, and a model saved without them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QSplitter, QVBoxLayout, QWidget

from workbench.gui.attention.ablate_export import ablation_parts
from workbench.gui.attention.ablate_map import MapCard, progress_words
from workbench.gui.attention.ablate_parts import PruneCard, TakenCard
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.question import Question
from workbench.gui.attention.view import Ask, HeadRating, View
from workbench.gui.model_choice import Choice
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import scrolled
from workbench.gui.workspace import Workspace
from workbench.run.inside.ablation import Ablation, Head, Importance, Kind, Measured, PrunedModel
from workbench.run.problem import Problem
from workbench.session.inside.ablate import (
    AblationRequest,
    ImportanceRequest,
    SaveRequest,
    importance,
    save_without,
    take_away,
)
from workbench.session.lanes import Ticket
from workbench.session.requests import LIVE

#: Seconds of a long measurement between which other questions have their turn.
SLICE = 1.0
#: Milliseconds without a further click before the choice is measured.
PAUSE = 250
#: Numbers of heads at which "measure along the way" measures.
ALONG = 10


class AblateView(View):
    """The map of heads at the left; what is gone and what it costs at the right."""

    needs_text: ClassVar[bool] = False

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.shown: Ablation | None = None
        self.importance: Importance | None = None
        self.points: dict[int, Measured] = {}
        self._about: tuple[str, int] = ("", 0)
        self._order: tuple[Head, ...] = ()
        self._long: Ticket | None = None
        self.map_card = MapCard()
        self.taken = TakenCard()
        self.prune = PruneCard()
        self.export = ExportButton(
            self.tr("Heads taken away"), lambda: self.shown.model if self.shown else "", self.parts, workspace
        )
        self.map_card.add_action(self.export)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        parts = QWidget()
        cards = QVBoxLayout(parts)
        cards.setContentsMargins(0, 0, 0, 0)
        cards.setSpacing(MEDIUM)
        cards.addWidget(self.taken)
        cards.addWidget(self.prune, 1)
        right = scrolled(parts)
        bar = right.verticalScrollBar().sizeHint().width()
        right.setMinimumWidth(parts.minimumSizeHint().width() + bar)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(MEDIUM)
        halves.setChildrenCollapsible(False)
        for widget, share in ((self.map_card, 6), (right, 5)):
            halves.addWidget(widget)
            halves.setStretchFactor(halves.count() - 1, share)
        halves.setSizes([1200, 1000])  # shares, not pixels
        layout = QVBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(halves, 1)

    def _connect(self) -> None:
        self.map_card.map.chosen.connect(self._chosen)
        self.map_card.measure.clicked.connect(lambda: self.estimate(self.taken.mode()))
        self.map_card.by.chosen.connect(self._compared_by)
        self.map_card.quick.clicked.connect(lambda: self.estimate("gradient"))
        self.map_card.stop.clicked.connect(self.stop)
        self.taken.modes.chosen.connect(self._wished)
        self.map_card.rows.valueChanged.connect(self._wished)
        self.prune.slider.valueChanged.connect(self._slid)
        self.prune.along.clicked.connect(self.measure_along)
        self.prune.save.clicked.connect(self.save)
        self._pause.timeout.connect(self.ask)
        self.workspace.active_changed.connect(self.ask)

    def parts(self) -> list[Part]:
        """What can be exported."""
        cards = self.map_card, self.taken, self.prune
        return ablation_parts(self.shown, self.importance, self.points, cards) if self.shown else []

    # ---- asking about the chosen heads

    def wanted(self, choice: Choice, text: str) -> Ask | None:
        """The model without the chosen heads."""
        if not choice.run or choice.model == LIVE or self.workspace.active is not None:
            return None
        about = choice.model, self.map_card.rows.value()
        if about != self._about:
            self._about = about
            self.forget()
        heads = tuple(sorted(self.map_card.map.selection))
        request = AblationRequest(
            choice.model, heads, self.taken.mode(), text, choice.run, self.map_card.rows.value()
        )
        return Ask(take_away, request, between_steps=False)

    def say_empty(self) -> None:
        """Explain what is missing."""
        choice = self.question.chooser.choice()
        if choice is None:
            super().say_empty()
            return
        if self.workspace.active is not None or choice.model == LIVE:
            title = self.tr("A training is at work")
            words = self.tr(
                "Taking heads away measures the held-out rows again and again, which would hold it up. "
                "Come back when it has ended, or pause for a moment with another view."
            )
        else:
            title = self.tr("Choose a run of your own")
            words = self.tr(
                "Here you take attention heads away and see what the model loses. That is measured on held-out "
                "rows, which a base model does not have: train one first, then choose its run above."
            )
        self.empty.say(title, words, "attention")
        self.stack.setCurrentWidget(self.empty)

    def show_progress(self, value: Any) -> None:
        """The sentence's prediction is there before the held-out rows are measured."""
        if isinstance(value, Ablation):
            self._show(value)
            self.stack.setCurrentWidget(self.content)

    def show_answer(self, answer: Ablation) -> None:
        """Show prediction and metric."""
        self._show(answer)

    def forget(self) -> None:
        """Another model or other rows: nothing is known."""
        self.stop()
        self.shown = self.importance = None
        self._order, self.points = (), {}
        self.map_card.forget()
        self.prune.forget()

    def _show(self, found: Ablation) -> None:
        self.shown = found
        self.map_card.show_model(found)
        self.taken.show_taken(found)
        if found.measured is not None:
            self._add_point(found.heads, found.measured)
        self._show_prune()

    def _chosen(self) -> None:
        heads = self.map_card.map.selection
        self.taken.announce(len(heads))
        self.prune.forget_saved()
        self._show_prune()
        self._pause.start()

    def _wished(self) -> None:
        self.stop()
        self.points = {}
        self._pause.start()

    # ---- long measurements, in slices between which the engine is free

    def estimate(self, kind: Kind) -> None:
        """Begin the map of all heads, or go on with it."""
        if (
            self._pause.isActive()
        ):  # other rows were chosen just now: asked later, that would end the map again
            self._pause.stop()
            self.ask()
        self.stop()
        self._look(importance, self._map_request(kind), self._map_part)

    def stop(self) -> None:
        """Put the long measurement down; what is known stays."""
        if self._long:
            self._long.cancel()
            self._long = None
        self.map_card.show_busy("")

    def _map_request(self, kind: Kind) -> ImportanceRequest:
        choice = self.question.chooser.choice()
        assert choice is not None
        return ImportanceRequest(choice.model, kind, choice.run, self.map_card.rows.value(), SLICE)

    def _look(self, work: Any, request: object, done: Any) -> None:
        self.map_card.show_busy(self.tr("Measuring…"))
        self._long = self.workspace.session.look_inside(
            work, request, done, self._long_failed, self._long_reported, between_steps=False
        )

    def _long_reported(self, value: object) -> None:
        if isinstance(value, Importance):
            self._show_map(value)
        elif isinstance(value, str):
            self.map_card.show_busy(value)

    def _long_failed(self, problem: Problem) -> None:
        self._long = None
        self.map_card.show_busy("")
        self.workspace.problem_raised.emit(problem)

    def _map_part(self, found: Importance) -> None:
        self._show_map(found)
        if found.complete:
            self._long = None
            self.map_card.show_busy("")
        else:
            self._look(importance, self._map_request(found.kind), self._map_part)
            self.map_card.show_busy(progress_words(self, found))

    def _compared_by(self) -> None:
        if self.importance is not None:
            self._show_map(self.importance)

    def _show_map(self, found: Importance) -> None:
        self.importance = found
        self.map_card.show_importance(found)
        if found.complete:
            values, _, _ = found.side(self.map_card.importance_by())
            self.heads_rated.emit(HeadRating("importance", self._about[0], values))
            order = found.order(self.map_card.importance_by())
            if order != self._order:
                self._order, self.points = order, {}
                if self.shown and self.shown.measured:
                    self._add_point(self.shown.heads, self.shown.measured)
            self._show_prune()

    # ---- pruning

    def _slid(self, count: int) -> None:
        self.map_card.map.choose(self._order[:count])

    def measure_along(self) -> None:
        """Measure at up to ten numbers of heads, from none to all."""
        self.stop()
        total = len(self._order)
        steps = sorted({round(total * i / ALONG) for i in range(1, ALONG + 1)} - set(self.points))
        if steps:
            self._along(steps)

    def _along(self, steps: list[int]) -> None:
        choice = self.question.chooser.choice()
        assert choice is not None
        count, *rest = steps
        heads = tuple(sorted(self._order[:count]))
        mode, rows = self.taken.mode(), self.map_card.rows.value()

        def done(found: Ablation) -> None:
            self._long = None
            self.map_card.show_busy("")
            if found.measured:
                self._add_point(found.heads, found.measured)
                self._show_prune()
            if rest:
                self._along(rest)

        self._look(take_away, AblationRequest(choice.model, heads, mode, "", choice.run, rows), done)
        self.map_card.show_busy(self.tr("Measuring without {0} heads…").format(count))

    def _add_point(self, heads: tuple[Head, ...], measured: Measured) -> None:
        """Keep what belongs to the curve: the whole model, and the least important heads."""
        if set(heads) == set(self._order[: len(heads)]):
            self.points[len(heads)] = measured

    def _show_prune(self) -> None:
        heads = self.map_card.map.selection
        on_order = heads == frozenset(self._order[: len(heads)])
        self.prune.show_state(self.points, len(self._order), len(heads) if on_order else None, len(heads))

    def save(self) -> None:
        """Ask where, and save the model without the chosen heads there."""
        choice, heads = self.question.chooser.choice(), self.map_card.map.selection
        if choice is None or not heads:
            return
        home = self.workspace.session.home
        name = f"{choice.run}-without-{len(heads)}-heads"
        home.make(home.models)
        title = self.tr("Save without these heads: the name of a new folder")
        path, _ = QFileDialog.getSaveFileName(self, title, str(home.models / name))
        if not path:
            return
        self.stop()
        mode, rows = self.taken.mode(), self.map_card.rows.value()
        request = SaveRequest(choice.model, tuple(sorted(heads)), Path(path), mode, choice.run, rows)
        self._look(save_without, request, self._saved)

    def _saved(self, found: PrunedModel) -> None:
        self._long = None
        self.map_card.show_busy("")
        self.prune.show_saved(found)
        self.workspace.refresh_shelf()
