"""Map: every row as a point by its sentence vector, also over the checkpoints of a run; a lasso chooses rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout

from workbench.data.suggest import counted
from workbench.gui.attention.export_files import Part
from workbench.gui.evaluate.board import Board, Filter
from workbench.gui.evaluate.exporting import picture
from workbench.gui.evaluate.map_asking import MapWish, drawn, table_of
from workbench.gui.evaluate.map_groups import Legend, Named, groups_of
from workbench.gui.evaluate.map_player import MapPlayer
from workbench.gui.evaluate.map_switches import MapSwitches
from workbench.gui.evaluate.scatter import Group, Scatter
from workbench.gui.evaluate.seen_part import Mask
from workbench.gui.evaluate.view import View
from workbench.gui.table_model import one_line
from workbench.gui.theme import SMALL
from workbench.gui.widgets import Card, ElidedLabel, EmptyState, GhostButton, Label, scrolled, show_if
from workbench.gui.workspace import Workspace
from workbench.run.embedding_map import EmbeddingMap, Projection
from workbench.run.evaluated import Evaluated
from workbench.run.problem import Problem
from workbench.session.lanes import Ticket

LASSO, GROUP = "map", "map-group"


class MapView(View):
    """The map with its legend, how it is drawn above, and below it the player of a training."""

    needs_labels = False

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.found: EmbeddingMap | None = None
        self._shown: MapWish | None = None  # what `found` answers
        self._asked: MapWish | None = None
        self._ticket: Ticket | None = None
        self._about = ""  # what the map shows, in words
        self._kept: dict[MapWish, EmbeddingMap] = {}
        self.map = Scatter(self._words)
        self.legend = Legend()
        self.player = MapPlayer()
        self.switches = MapSwitches()
        self.projection, self.colours = self.switches.projection, self.switches.colours
        self.training = self.switches.training
        self.cancel = GhostButton(
            self.tr("Cancel"), "close", help=self.tr("Stop drawing."), on_click=self.stop
        )
        self.told = ElidedLabel("", "muted")
        self.read = ElidedLabel("", "caption")
        self.hint = Label(self.tr("Draw around points to see their rows."), "caption")
        self.nothing = EmptyState(
            "clock", self.tr("Drawing the map"), " ", self.tr("Draw the map"), self._ask
        )
        self.pages = QStackedWidget()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(SMALL)
        top.addWidget(self.switches)
        top.addWidget(self.told, 1)
        top.addWidget(self.cancel)
        card = Card()
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.map, 1)
        names = scrolled(self.legend)
        names.setFixedWidth(186)
        line.addWidget(names)
        card.body.addLayout(line, 1)
        below = QHBoxLayout()
        below.setSpacing(SMALL)
        below.addWidget(self.read, 1)
        below.addWidget(self.hint)
        card.body.addLayout(below)
        card.add(self.player)
        for page in (card, self.nothing):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addLayout(top)
        layout.addWidget(self.pages, 1)
        self.player.hide()
        self.cancel.hide()

    def _connect(self) -> None:
        self.projection.chosen.connect(lambda _: self._ask())
        self.colours.chosen.connect(lambda _: self._colour())
        self.training.toggled.connect(lambda _: self._ask())
        self.map.lassoed.connect(self._lassoed)
        self.map.cleared.connect(lambda: self.board.clear(LASSO))
        self.map.pointed.connect(self._read)
        self.legend.picked.connect(self._group_picked)
        self.player.glided.connect(self._glide)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: stand still."""
        super().hideEvent(event)
        self.player.pause()

    # ---- asking

    def draw(self, found: Evaluated) -> None:
        """Show the map of another evaluation's rows; colours follow what is known of them."""
        self.switches.allow(found.rows.true is not None, found.against is not None)
        if self._wish() not in (self._shown, self._asked):
            self._ask()
        else:
            self._colour()

    def _wish(self) -> MapWish | None:
        found = self.board.evaluated
        if found is None:
            return None
        projection = cast("Projection", self.projection.current())
        return MapWish(self.board.model, found.rows.texts, projection, self.training.isChecked())

    def _ask(self) -> None:
        self._drop()
        wish = self._wish()
        if wish is None:
            return
        self._asked = wish
        if wish in self._kept:
            self._arrived(self._kept[wish])
            return
        same_rows = self._shown is not None and (self._shown.model, self._shown.texts) == (
            wish.model,
            wish.texts,
        )
        if not same_rows:  # else the map that is there stays until the other one is ready
            self.found = self._shown = None
            self.nothing.say(self.tr("Drawing the map"), self.tr("The model reads every row once."), "clock")
            self.nothing.action.hide()
            self.pages.setCurrentWidget(self.nothing)
        self._ticket = self.workspace.session.look_inside(
            drawn, wish, self._arrived, self._failed, self._heard, between_steps=False
        )
        self._say_busy(self.workspace.waiting_words)

    def stop(self) -> None:
        """Stop drawing; a map that is there stays."""
        self._drop()
        self._say_busy("")
        if self.found is None or self._shown is None:
            self._say_nothing(self.tr("Stopped"), self.tr("Without its sentence vectors there is no map."))
            return
        self.projection.choose(self._shown.projection)
        self.training.blockSignals(True)
        self.training.setChecked(self._shown.over)
        self.training.blockSignals(False)
        self._show(self._kept[self._shown])  # part of a film may be there

    def _drop(self) -> None:
        if self._ticket:
            self._ticket.cancel()
        self._ticket, self._asked = None, None

    def _say_busy(self, words: str) -> None:
        self.told.setText(words)
        show_if(self.cancel, self._ticket is not None)
        self.busy_changed.emit(words)

    def _say_nothing(self, title: str, sentence: str) -> None:
        self.nothing.say(title, sentence, "alert")
        show_if(self.nothing.action, True)
        self.pages.setCurrentWidget(self.nothing)

    def _heard(self, news: object) -> None:
        if self._ticket is None:
            return
        if isinstance(news, EmbeddingMap):
            self._show(news)
        elif isinstance(news, str):
            self._say_busy(news)

    def _arrived(self, found: EmbeddingMap) -> None:
        wish = self._asked
        self._ticket = None
        self._say_busy("")
        if wish is not None:
            self._kept = dict([*self._kept.items(), (wish, found)][-6:])
        self._shown, self._asked = wish, None
        self._show(found)

    def _failed(self, problem: Problem) -> None:
        self._ticket = self._asked = None
        self._say_busy("")
        if self.found is not None and self._shown is not None:
            self.stop()
            self.workspace.problem_raised.emit(problem)
            return
        self._say_nothing(problem.title, f"{problem.cause} {problem.remedy}".strip())

    # ---- showing

    def _show(self, found: EmbeddingMap) -> None:
        self.found = found
        several = len(found.frames) > 1
        show_if(self.player, several)
        if several:
            self.player.show_maps(found.frames)
            self.map.show_points(found.frames[min(self.player.frame, len(found.frames) - 1)].points)
        else:
            self.player.pause()
            self.map.show_points(found.points)
        self.map.fit(np.concatenate([frame.points for frame in found.frames]))  # a film has one scale
        self.pages.setCurrentIndex(0)
        if self._ticket is None:
            self._say_told()
        self._colour()

    def _say_told(self) -> None:
        found = self.found
        if found is None:
            return
        share = found.explained
        more = (
            self.tr(" They show {0:.0f} % of all differences.").format(100 * share)
            if np.isfinite(share)
            else ""
        )
        self._about = found.told + more
        self._read(-1)

    def _glide(self, place: float) -> None:
        found = self.found
        if found is None:
            return
        last = len(found.frames) - 1
        at = min(int(place), last)
        share = place - at
        share = share * share * (3 - 2 * share)  # slow at both ends
        now, then = found.frames[at].points, found.frames[min(at + 1, last)].points
        self.map.show_points((1 - share) * now + share * then)

    def _colour(self) -> None:
        found, evaluated = self.found, self.board.evaluated
        if found is None or evaluated is None:
            return
        groups = groups_of(evaluated, self.colours.current())
        place = np.full(len(evaluated.rows), -1, dtype=np.int64)
        rows = found.rows[found.rows < len(place)]
        place[rows] = np.arange(len(rows))
        drawn = [Group(at[at >= 0], g.colour) for g in groups for at in (place[g.rows],)]
        self.map.show_groups(drawn)
        self.legend.show_groups(groups, rows)
        self.frame()

    def frame(self) -> None:
        """Fade the points whose rows no filter chooses."""
        found, evaluated = self.found, self.board.evaluated
        if found is None or evaluated is None:
            return
        lit = np.zeros(len(evaluated.rows), dtype=np.bool_)
        lit[self.board.rows()] = True
        self.map.show_lit(lit[found.rows[found.rows < len(lit)]])
        self.legend.show_chosen(self.board.mark(GROUP))

    def _words(self, point: int) -> str:
        """What is told of a point."""
        found, evaluated = self.found, self.board.evaluated
        if found is None or evaluated is None or not 0 <= point < len(found.rows):
            return ""
        rows, at = evaluated.rows, int(found.rows[point])
        said = self.tr("predicted {0}, {1:.0f} %").format(
            rows.names[rows.predicted[at]], 100 * rows.sureness[at]
        )
        if rows.true is not None:
            said = self.tr("{0}; {1}").format(rows.names[rows.true[at]], said)
        text = rows.texts[at]
        return f"{text[:300]}{'…' if len(text) > 300 else ''}\n{said}"

    def _read(self, point: int) -> None:
        """What is pointed at, or else what the map shows."""
        self.read.setText(one_line(self._words(point)) if point >= 0 else self._about)

    # ---- choosing

    def _lassoed(self, chosen: Mask) -> None:
        found, evaluated = self.found, self.board.evaluated
        if found is None or evaluated is None:
            return
        rows = found.rows[: len(chosen)][chosen]
        words = self.tr("{0} of the map").format(counted(len(rows), "point"))
        self.board.toggle(Filter(LASSO, words, rows, tuple(rows[:2000].tolist())))

    def _group_picked(self, group: Named) -> None:
        self.board.toggle(Filter(GROUP, group.words, group.rows, group.words))

    # ---- export

    def parts(self) -> Sequence[Part]:
        """The map as a picture and as a table of its points."""
        found, evaluated = self.found, self.board.evaluated
        if found is None or evaluated is None:
            return ()
        return (
            Part(
                self.tr("Map"),
                "map",
                drawing=lambda: picture(self.map, self.tr("Map"), evaluated, found.told, self.font()),
                table=lambda: table_of(found, evaluated.rows),
            ),
        )
