"""The training film: attention and predictions of a pinned sentence, from the first step of a run to the last."""

from __future__ import annotations

import time
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout

from workbench.gui.attention.atlas_view import AtlasView
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.film_export import FilmFiles, film_parts
from workbench.gui.attention.film_frames import FilmFrames, SteadyShown
from workbench.gui.attention.film_player import FilmPlayer
from workbench.gui.attention.film_told import FilmTold
from workbench.gui.attention.head_view import HeadView
from workbench.gui.attention.labels import head_name, link_text
from workbench.gui.attention.options import Choices, Legend, Options, captioned
from workbench.gui.attention.question import Question
from workbench.gui.attention.scales import describe, tops
from workbench.gui.attention.view import Ask, View
from workbench.gui.model_choice import Choice
from workbench.gui.theme import MEDIUM, theme
from workbench.gui.widgets import Card, ElidedLabel, IconButton, column, tall
from workbench.gui.workspace import Workspace
from workbench.run.inside.film import Reel
from workbench.session.inside.film import FilmRequest, read_film

#: While a training goes on, the film is read at most this often.
FOLLOW_SECONDS = 1.0


class FilmView(View):
    """The atlas and one head at the present step, what was predicted, and the controls of a player below."""

    needs_text: ClassVar[bool] = False

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.reel: Reel | None = None
        self.shown: SteadyShown | None = None
        self._run = ""
        self._wanted_probe = 0
        self._frames: FilmFrames | None = None
        self._read_at = 0.0
        self.sentence = Choices(
            self.tr("Pinned sentence"),
            self.tr("Which of the filmed sentences is shown."),
            [("0", "–", "")],
            "0",
        )
        self.options = Options(self._redraw)
        for control in self.options.controls():
            control.setParent(self)
            control.hide()
        self.atlas, self.head, self.legend = AtlasView(), HeadView(), Legend()
        self.atlas_words, self.head_words = ElidedLabel("", "muted"), ElidedLabel("", "muted")
        self.link_words = ElidedLabel("", "caption")
        self.told, self.player = FilmTold(), FilmPlayer()
        self._lay_out()
        self._connect()

    # ---- shape

    def _lay_out(self) -> None:
        self.atlas_card = Card(self.tr("All heads"))
        self.files = FilmFiles(self, self.film, self.workspace)
        self.export = ExportButton(
            self.tr("Film"), self._title, self.parts, self.workspace, more=self.files.lines()
        )
        self.atlas_card.add_action(self.export)
        self.atlas.setMinimumHeight(200)
        self.atlas_card.add(self.atlas, 1)
        self.atlas_card.add(self.atlas_words)
        self.atlas_card.add(self.legend)
        self.head_card = Card(self.tr("One head"))
        fit = IconButton(
            "fit",
            self.tr("Show all tokens"),
            self.tr("Undo zooming and moving."),
            on_click=lambda: self.head.zoom(0),
        )
        self.head_card.add_action(fit)
        self.head_card.add(self.link_words)
        self.head_card.add(self.head, 1)
        self.head_card.add(self.head_words)
        self.halves = QSplitter(Qt.Orientation.Horizontal)
        self.halves.setHandleWidth(MEDIUM)
        self.halves.setChildrenCollapsible(False)
        left = column(self.atlas_card, self.told, spacing=MEDIUM)
        left.layout().setStretch(0, 1)  # type: ignore[union-attr]  # a column has a layout
        for number, half in enumerate((left, self.head_card)):
            self.halves.addWidget(half)
            self.halves.setStretchFactor(number, 1)
        self.halves.setSizes([1150, 850])  # shares, not pixels
        controls = QHBoxLayout()
        controls.setSpacing(MEDIUM)
        controls.addWidget(captioned(self.sentence.accessibleName(), self.sentence), 3)
        options = self.options
        for control in (options.scale_choice, options.special_choice, options.colour_choice):
            control.show()
            controls.addWidget(captioned(control.accessibleName(), control), 1)
        layout = QVBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addLayout(controls)
        layout.addWidget(tall(self.halves), 1)  # the player stays in sight
        layout.addWidget(self.player)

    def _connect(self) -> None:
        theme().changed.connect(self._redraw)
        self.sentence.chosen.connect(self._choose_sentence)
        self.player.moved.connect(self._show_frame)
        self.told.picked.connect(self.player.go_to_step)
        self.atlas.hovered.connect(self._hovered)
        self.atlas.chosen.connect(lambda layer, head: self._show_head())
        self.head.pointed.connect(self.head_words.setText)
        self.workspace.history_changed.connect(self._follow)

    # ---- asking; films are read on the files lane, which a training does not occupy

    def wanted(self, choice: Choice, text: str) -> Ask | None:
        """The film of the run that the chosen model belongs to."""
        known = self.reel if choice.run == self._run else None
        if choice.run != self._run:
            self._wanted_probe = 0
        return Ask(read_film, FilmRequest(choice.run, self._wanted_probe, known)) if choice.run else None

    def ask(self) -> None:
        """Read the film, or what is new of it."""
        choice = self.question.chooser.choice()
        if choice is None or choice.run or not self.isVisible():
            super().ask()
        else:  # a base model: nothing has to be loaded to say that it has no film
            self.cancel()
            self.forget()
            self.say_empty()

    def run(self, ask: Ask) -> None:
        """Read the film now."""
        self.cancel()
        home, request = self.workspace.session.home, ask.request
        assert isinstance(request, FilmRequest)

        def arrived(reel: Reel | None) -> None:
            self._ticket = None
            if reel is None:
                self.forget()
                self._run = request.run
                self.say_empty()
            elif request.run == self._run and reel is self.reel:
                self.stack.setCurrentWidget(self.content)
            else:
                self._run = request.run
                self._arrived(reel)

        self._read_at = time.monotonic()
        self._ticket = self.workspace.session.files.submit(
            lambda desk: read_film(home, request, desk), done=arrived, failed=self._failed
        )

    def _follow(self, name: str) -> None:
        choice = self.question.chooser.choice()
        if (
            choice is not None
            and choice.run == name
            and self.isVisible()
            and self._ticket is None
            and time.monotonic() - self._read_at >= FOLLOW_SECONDS
        ):
            self.ask()

    def _choose_sentence(self) -> None:
        self._wanted_probe = int(self.sentence.current())
        self.ask()

    def say_empty(self) -> None:
        """Say how one gets a film."""
        choice = self.question.chooser.choice()
        if choice is None or not choice.run:
            title = self.tr("A film belongs to a run")
            words = self.tr(
                "While a model trains, some sentences are looked at again and again. Choose a run above to see how its "
                "attention and its predictions changed, or start a run on the Train page."
            )
        elif choice.run == self.workspace.active_name:
            title = self.tr("The film begins soon")
            words = self.tr(
                "Its first frame is taken before the first step, unless the recipe has the film off."
            )
        else:
            title = self.tr("This run has no film")
            words = self._why_none(choice.run)
        self.empty.say(title, words, "play")
        self.stack.setCurrentWidget(self.empty)

    def _why_none(self, run: str) -> str:
        history = self.workspace.histories.get(run)
        for notice in history.notices if history else ():
            if notice.text.startswith("No film of this run"):
                return notice.text
        return self.tr(
            "Films are made while a run trains. This one was trained before there were films, or with Training film "
            "off in its recipe. Train once more to get one."
        )

    def forget(self) -> None:
        """There is no film."""
        self.reel = self.shown = self._frames = None
        self.player.pause()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: the film stands still."""
        super().hideEvent(event)
        self.player.pause()

    # ---- showing

    def show_answer(self, answer: Reel) -> None:
        """Take a film; at its end one stays at the end while it grows."""
        before, self.reel, self.shown = self.reel, answer, None
        other = before is None or before.probe != answer.probe or before.probes != answer.probes
        self._frames = FilmFrames(answer, self._run)
        if before is None or before.probes != answer.probes:
            self._fill_sentences(answer)
        self.told.show_reel(answer)
        self.player.show_frames(answer.frames, answer.cost, grows=self._run == self.workspace.active_name)
        if other:
            self.player.slider.setValue(len(answer.frames) - 1)
        self._show_frame(self.player.frame)

    def _fill_sentences(self, reel: Reel) -> None:
        self.sentence.blockSignals(True)
        self.sentence.clear()
        for number, probe in enumerate(reel.probes):
            label = f"  ({probe.label})" if probe.label else ""
            self.sentence.addItem(f"{probe.text}{label}".replace("\n", " "), str(number))
        self.sentence.choose(str(reel.probe))
        self.sentence.blockSignals(False)

    def _redraw(self) -> None:
        self._show_frame(self.player.frame)

    def _show_frame(self, index: int) -> None:
        reel = self.reel
        if reel is None or self._frames is None or not 0 <= index < len(reel.frames):
            return
        look = self.options.look()
        self.shown = self._frames.shown(index, self.options.special_tokens())
        layers, heads = self.shown.shape[:2]
        self.atlas_card.title.setText(self.tr("{0} layers × {1} heads").format(layers, heads))
        self.atlas.show_maps(self.shown, look)
        self.told.show_frame(index)
        self._hovered(None)
        self._show_head()

    def _show_head(self) -> None:
        if self.shown is None or self._frames is None:
            return
        where, look = self.atlas.selection, self.options.look()
        top = float(tops(self.shown, look.scale)[where])
        self.head_card.title.setText(head_name(*where))
        link = self.tr("Strongest link: {0}").format(link_text(self.shown, self.shown.strongest(*where)))
        kind = self._frames.kind_words(self.player.frame, where)
        self.link_words.setText(" · ".join(part for part in (kind, link) if part))
        self.head.show_head(self.shown, where, top, look)
        self.legend.bar.show_scale(top, look)
        self.legend.words.setText(describe(self.shown, look.scale))

    def _hovered(self, head: tuple[int, int] | None) -> None:
        if head is None or self.shown is None:
            self.atlas_words.setText(self.tr("Each square is one head. Click one to enlarge it, then play."))
        else:
            link = link_text(self.shown, self.shown.strongest(*head))
            self.atlas_words.setText(f"{head_name(*head)}: {link}")

    def film(self) -> tuple[Reel, str] | None:
        """The film and its run's title, for export; None when there is none."""
        if self.reel is None:
            return None
        return self.reel, self._title()

    def _title(self) -> str:
        summary = self.workspace.summary(self._run)
        return summary.title if summary else self._run

    def parts(self) -> list[Part]:
        """What can be exported of this frame, and the curves of all."""
        if self.shown is None or self._frames is None:
            return []
        look, title = self.options.look(), f"{self.tr('Film')}: {self._title()}"
        frame = self.player.frame
        return film_parts(self._frames, frame, self.shown, look, self.atlas.selection, self.told, title)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go frame by frame, Home and End to the ends, the space bar plays."""
        if not self.player.take_key(Qt.Key(event.key())):
            super().keyPressEvent(event)
