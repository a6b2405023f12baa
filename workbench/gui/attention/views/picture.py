"""What a vision transformer looks at, laid over the picture."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QSplitter, QVBoxLayout

from workbench.gui.attention.drawing import Look
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.figures import map_arrays
from workbench.gui.attention.head_tiles import HeadTiles
from workbench.gui.attention.labels import head_name
from workbench.gui.attention.options import ColourBar, captioned
from workbench.gui.attention.picture_canvas import COLOURS, PictureCanvas
from workbench.gui.attention.plate import Plate, plate
from workbench.gui.attention.question import Question, picture_in
from workbench.gui.attention.scales import Scale
from workbench.gui.attention.view import Ask, View
from workbench.gui.model_choice import PICTURES, Choice
from workbench.gui.probabilities import ProbabilityBars, percent
from workbench.gui.theme import MEDIUM, current, theme
from workbench.gui.widgets import Card, ElidedLabel, IconButton, Segmented, column, explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.folder import slug
from workbench.run.inside.picture import over_picture, patches_start, rollout
from workbench.run.inside.tables import number
from workbench.run.results import AttentionMaps
from workbench.session.inside.picture import PictureRequest, look_at_picture

_HINT = "Point at a patch to read its weight; click one to see what it looks at itself."
#: The bars of the prediction are left out where the view is lower than this, in pixels.
_HIGH = 600
Patch = tuple[int, int]


class PictureView(View):
    """The picture under colours at the left, all heads as small maps and the prediction at the right."""

    needs_text: ClassVar[bool] = False
    reads_pictures: ClassVar[bool] = True
    alarms = False  # a file that is no picture is told here

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.maps: AttentionMaps | None = None
        self._rollout: NDArray[np.float64] | None = None
        self._shown = np.zeros((1, 1))
        self._source: Patch | None = None
        self.whose = Segmented(
            [
                ("rollout", self.tr("All layers"), "", self.tr("Attention rollout through all layers.")),
                ("layer", self.tr("A layer"), "", self.tr("The mean of the heads of the chosen layer.")),
                ("head", self.tr("One head"), "", self.tr("The head that is chosen at the right.")),
            ],
            self.tr("Whose attention"),
        )
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(60)
        explain_widget(
            self.opacity,
            self.tr("How much the colours cover of the picture."),
            self.tr("Strength of the colours"),
        )
        self.canvas = PictureCanvas(self.tr("The picture and what is looked at"))
        self.tiles = HeadTiles(self.tr("What each head looks at"), COLOURS)
        self.bar = ColourBar()
        self.facts, self.hint = ElidedLabel("", "muted"), ElidedLabel(self.tr(_HINT), "muted")
        self.tiles_words = ElidedLabel(self.tr("Click a head to see it alone."), "muted")
        self.note = ElidedLabel("", "caption")
        self.bars = ProbabilityBars(limit=5)
        self.whole = IconButton(
            "fit",
            self.tr("Whole picture"),
            self.tr("Back from one patch to what the model looks at to decide."),
            on_click=lambda: self._pick(None),
        )
        self.export = ExportButton(
            self.tr("Picture"), lambda: self.maps.model if self.maps else "", self.parts, workspace
        )
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()

    # ---- shape

    def _lay_out(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(MEDIUM)
        top = Qt.AlignmentFlag.AlignTop
        controls.addWidget(captioned(self.tr("Whose attention"), self.whose), 0, top)
        controls.addWidget(captioned(self.opacity.accessibleName(), self.opacity), 1, top)
        controls.addWidget(captioned(self.tr("Weight of a patch (square-root scale)"), self.bar), 1, top)
        card = Card(self.tr("What is looked at"))
        card.add_action(self.whole)
        card.add_action(self.export)
        card.add(self.facts)
        card.add(self.canvas, 1)
        card.add(self.hint)
        card.add(self.note)
        heads = Card(self.tr("Each head, with its own strongest colour"))
        heads.add(self.tiles, 1)
        heads.add(self.tiles_words)
        self.prediction = Card(self.tr("Prediction"))
        self.prediction.add(self.bars)
        self.prediction.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(MEDIUM)
        halves.setChildrenCollapsible(False)
        halves.addWidget(card)
        halves.addWidget(column(heads, self.prediction, spacing=MEDIUM))
        halves.setSizes([1000, 1000])  # shares, not pixels
        layout = QVBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addLayout(controls)
        layout.addWidget(halves, 1)

    def _connect(self) -> None:
        theme().changed.connect(self._redraw)
        self.whose.chosen.connect(lambda key: self._redraw())
        self.opacity.valueChanged.connect(lambda value: self.canvas.set_opacity(value / 100))
        self.canvas.pointed.connect(self._pointed)
        self.canvas.picked.connect(self._pick)
        self.tiles.chosen.connect(self._choose_head)
        self.tiles.hovered.connect(self._hovered)

    # ---- asking

    def wanted(self, choice: Choice, text: str) -> Ask | None:
        """The maps of the picture; None while there is none."""
        image = self.question.picture()
        return Ask(look_at_picture, PictureRequest(choice.model, image)) if image else None

    def say_empty(self) -> None:
        """Say that a picture is missing."""
        super().say_empty()
        if self.question.chooser.choice() is not None:
            self.empty.say(
                self.tr("Choose a picture"),
                self.tr("Or drop one here. You will see what each head of the model looks at in it."),
                "attention",
            )

    def say_unfit(self, choice: Choice) -> None:
        """Explain that a model for text sees no pictures, and where to get one that does."""
        pictures = any(other.task == PICTURES for other in self.question.chooser.choices())
        where = (
            self.tr("Choose one of the models for pictures above.")
            if pictures
            else self.tr(
                "There is none on the shelf yet: put the folder of a vision transformer, such as ViT, DeiT or "
                "DINOv2, with config.json, model.safetensors and preprocessor_config.json, into {0}."
            ).format(self.workspace.session.home.models)
        )
        self.empty.say(self.tr("{0} reads texts").format(choice.title), where, "attention")
        self.stack.setCurrentWidget(self.empty)

    def show_answer(self, answer: AttentionMaps) -> None:
        """Draw the picture and the maps."""
        assert answer.picture is not None
        self.maps, self._source = answer, None
        self._rollout = rollout(answer.weights)
        self.canvas.show_picture(answer.picture)
        self.bars.show_rows(answer.prediction)
        self._say_prediction()
        self._redraw()

    def forget(self) -> None:
        """There is no picture."""
        self.maps = self._rollout = None

    # ---- drawing

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is low, the heads need the room, and the prediction is told in words."""
        super().resizeEvent(event)
        self._say_prediction()

    def _say_prediction(self) -> None:
        maps = self.maps
        if maps is None or maps.picture is None:
            return
        self.prediction.setVisible(bool(maps.prediction) and self.height() > _HIGH)
        said = "" if self.height() > _HIGH else ", ".join(f"{n} {percent(p)}" for n, p in maps.prediction[:3])
        rows, columns = maps.picture.patches
        size = self.tr("{0}: {1} layers × {2} heads, {3} × {4} patches.").format(
            maps.model, *maps.weights.shape[:2], rows, columns
        )
        self.note.setText(" ".join(filter(None, (f"{said}." if said else "", size, maps.note))))

    def _token(self) -> int | None:
        """The token that looks: a patch, [CLS], or None for the mean of all patches where there is no [CLS]."""
        assert self.maps is not None and self.maps.picture is not None
        start = patches_start(self.maps)
        if self._source is not None:
            return start + self._source[0] * self.maps.picture.patches[1] + self._source[1]
        return 0 if start else None

    def _redraw(self) -> None:
        maps = self.maps
        if maps is None or self._rollout is None:
            return
        key, token, (layer, head) = self.whose.current(), self._token(), self.tiles.selection
        tiles = over_picture(maps, maps.weights, token)
        strongest = tiles.max((-2, -1), keepdims=True)
        self.tiles.show_tiles(tiles / np.where(strongest > 0, strongest, 1), "" if key == "rollout" else key)
        layer, head = self.tiles.selection  # within this model's heads
        if key == "rollout":
            self._shown, who = over_picture(maps, self._rollout, token), self.tr("all layers (rollout)")
        elif key == "layer":
            self._shown, who = tiles[layer].mean(0), self.tr("layer {0}, mean of its heads").format(layer + 1)
        else:
            self._shown, who = tiles[layer, head], head_name(layer, head).lower()
        self.canvas.show_weights(self._shown, self._source)
        self.whole.setEnabled(self._source is not None)
        look = Look(current(), COLOURS, Scale("sqrt"), self.font())
        self.bar.show_scale(float(self._shown.max()) or 1.0, look)
        self._say(who, token)

    def _say(self, who: str, token: int | None) -> None:
        assert self.maps is not None
        if self._source is not None:
            looks = self.tr("row {0}, column {1}").format(self._source[0] + 1, self._source[1] + 1)
        else:
            looks = self.maps.tokens[token] if token is not None else self.tr("all patches on average")
        rest = 1 - float(self._shown.sum())
        special = self.tr(" {0:.0f} % goes to special tokens.").format(100 * rest) if rest > 0.005 else ""
        self.facts.setText(self.tr("From {0}: {1}.").format(looks, who) + special)

    def _pick(self, patch: Patch | None) -> None:
        self._source = None if patch == self._source else patch
        self._redraw()
        self._pointed(patch)

    def _choose_head(self) -> None:
        if self.whose.current() == "rollout":
            self.whose.choose("head")
        self._redraw()

    def _pointed(self, patch: Patch | None) -> None:
        if patch is None or self.maps is None:
            self.hint.setText(self.tr(_HINT))
            return
        weight = float(self._shown[patch])
        self.hint.setText(
            self.tr("Row {0}, column {1}: weight {2}, {3} times an even share").format(
                patch[0] + 1,
                patch[1] + 1,
                f"{weight:.4f}" if weight >= 0.0001 else f"{weight:.1g}",
                f"{weight * len(self.maps.tokens):.1f}",
            )
        )

    def _hovered(self, head: Patch | None) -> None:
        if head is None or self.maps is None:
            self.tiles_words.setText(self.tr("Click a head to see it alone."))
            return
        weights = over_picture(self.maps, self.maps.weights[head], self._token())
        row, at = np.unravel_index(int(weights.argmax()), weights.shape)
        self.tiles_words.setText(
            self.tr("{0}: most at row {1}, column {2}, {3}").format(
                head_name(*head), row + 1, at + 1, f"{weights.max():.3f}"
            )
        )

    # ---- handing out

    def parts(self) -> list[Part]:
        """What can be exported: the picture under its colours, and all heads."""
        maps = self.maps
        if maps is None:
            return []
        picture = slug(Path(self.question.picture()).stem)
        weights = self._shown

        def table() -> list[list[str]]:
            heading = ["", *(f"column {i + 1}" for i in range(weights.shape[1]))]
            return [heading, *([f"row {i + 1}", *map(number, row)] for i, row in enumerate(weights))]

        return [
            Part(self.tr("Picture"), f"{picture}-attention", self._over, table),
            Part(self.tr("All heads"), f"{picture}-heads", self._tiles, arrays=partial(map_arrays, maps)),
        ]

    def _over(self) -> Plate:
        assert self.maps is not None
        title = self.tr("What {0} looks at").format(self.maps.model)
        legend = self.tr("Square-root scale, from 0 to {0}.").format(number(float(self._shown.max()), 3))
        return plate(title, self.facts.text(), legend, self.canvas.part(), font=self.font())

    def _tiles(self) -> Plate:
        assert self.maps is not None
        title = self.tr("What each head of {0} looks at").format(self.maps.model)
        legend = self.tr("Each head with its own strongest colour, on a square-root scale.")
        return plate(title, self.note.text(), legend, self.tiles, font=self.font())

    # ---- a picture dropped here

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A picture may be dropped anywhere on the view."""
        if picture_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take a picture."""
        if path := picture_in(event.mimeData()):
            event.acceptProposedAction()
            self.question.set_picture(path)
