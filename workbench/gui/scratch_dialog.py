"""The shape of a model that starts from nothing, by sliders that allow only what fits together."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QGridLayout, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from workbench.gui.theme import LARGE, MEDIUM, SMALL, TINY
from workbench.gui.widgets import Card, GhostButton, Label, Muted, PrimaryButton, Title, explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed, recipe_fields
from workbench.run.scratch_fields import LEARNABLE, STARTING, is_new, tokeniser_of
from workbench.run.scratch_hints import in_short, outlook
from workbench.run.task_kinds import MODEL_KIND

LAYERS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24)
WIDTHS = (32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
CONTEXTS = (16, 32, 64, 128, 256, 512, 1024)
VOCABULARIES = (300, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 50_000)
#: A head narrower than this cannot tell much apart.
NARROWEST, MOST_HEADS = 8, 16
VALUE = 186  # pixels: "50,000 different tokens"
#: The model that a task can start with from nothing.
FOR_TASK = {kind: "new-gpt" if MODEL_KIND[kind] == "causal-lm" else "new-bert" for kind in LEARNABLE}
_TITLES = {
    "characters": "Characters",
    "byte-pairs": "Byte pairs, as GPT",
    "word-pieces": "Word pieces, as BERT",
}


def fitting_heads(width: int) -> tuple[int, ...]:
    """The numbers of heads that divide a width into heads of a useful size."""
    return tuple(
        n for n in range(1, MOST_HEADS + 1) if width % n == 0 and (width // n >= NARROWEST or n == 1)
    )


class StepSlider(QWidget):
    """A slider over a row of values, with what it stands for and the value beside it."""

    changed = Signal()

    def __init__(self, title: str, help: str, unit: str) -> None:
        super().__init__()
        self._unit, self._idle = unit, ""
        self.values: tuple[int, ...] = ()
        self.caption = Label(title, "section")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setPageStep(1)
        self.caption.setBuddy(self.slider)
        self.shown = Label("", "section")
        self.shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.shown.setFixedWidth(VALUE)
        explain_widget(self.slider, help, title)
        explain_widget(self.caption, help)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        self.caption.setFixedWidth(self.fontMetrics().horizontalAdvance("Vocabulary") + LARGE)
        layout.addWidget(self.caption)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.shown)
        self.slider.valueChanged.connect(self._moved)

    @property
    def value(self) -> int:
        """The value that is chosen."""
        return self.values[self.slider.value()]

    def offer(self, values: Sequence[int], value: int) -> None:
        """Offer other values, and take the nearest to this one; one that is not among them counts as nearest."""
        self.values = tuple(values)
        self.slider.blockSignals(True)
        self.slider.setRange(0, len(self.values) - 1)
        nearest = min(range(len(self.values)), key=lambda i: abs(self.values[i] - value))
        self.slider.setValue(nearest)
        self.slider.setEnabled(len(self.values) > 1)
        self.slider.blockSignals(False)
        self._show()

    def set_idle(self, why: str) -> None:
        """Show this in place of the value, which does not count; empty: it counts."""
        self._idle = why
        self.setEnabled(not why)
        self._show()

    def _moved(self) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        self.shown.setText(f"{self.value:,} {self._unit}" if self.isEnabled() else self._idle)


class ScratchDialog(QDialog):
    """Shapes a new model for the recipe's task and says live what it takes; "Use" puts it into the recipe."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("from scratch")
        self.setWindowTitle(self.tr("From scratch"))
        self.setMinimumWidth(620)
        self._workspace = workspace
        recipe = workspace.recipe
        self._source = FOR_TASK[recipe.task.kind]
        self._sliders(recipe)
        self._choice(recipe)
        self.weights, self.costs, self.note = Title(""), Label("", "body", wrap=True), Muted("")
        self.use = PrimaryButton(self.tr("Use this model"), "check", on_click=self._use)
        self.cancel = GhostButton(self.tr("Cancel"), on_click=self.reject)
        self._lay_out()
        self._refresh()

    def _sliders(self, recipe: Recipe) -> None:
        def slider(path: str, title: str, unit: str, values: Sequence[int]) -> StepSlider:
            value = int(recipe.value(path))
            made = StepSlider(title, recipe_fields()[path].help, unit)
            made.offer(sorted({*values, value}), value)
            made.changed.connect(self._refresh)
            return made

        tr = self.tr
        self.layers = slider("scratch.layers", tr("Layers"), tr("layers"), LAYERS)
        self.width_ = slider("scratch.width", tr("Width"), tr("numbers per token"), WIDTHS)
        self.heads = slider("scratch.heads", tr("Heads"), tr("per layer"), ())
        self.heads.offer(fitting_heads(self.width_.value), recipe.scratch.heads)
        self.context = slider("training.max_length", tr("Context"), tr("tokens"), CONTEXTS)
        explain_widget(
            self.context.slider,
            tr(
                "How many tokens it sees at once, which is also the maximum length of a row. It can never see more."
            ),
            tr("Context"),
        )
        self.vocabulary = slider("scratch.vocabulary", tr("Vocabulary"), tr("different tokens"), VOCABULARIES)

    def _choice(self, recipe: Recipe) -> None:
        self.tokeniser = QComboBox()
        kinds = ("characters", "byte-pairs", "word-pieces")
        for kind in kinds[:2] if self._source == "new-gpt" else kinds:
            self.tokeniser.addItem(self.tr(_TITLES[kind]), kind)
        present = tokeniser_of(changed(recipe, "model.source", self._source))
        self.tokeniser.setCurrentIndex(max(0, self.tokeniser.findData(present)))
        self.tokeniser.currentIndexChanged.connect(self._refresh)
        explain_widget(self.tokeniser, recipe_fields()["scratch.tokeniser"].help, self.tr("Tokens are"))

    def _lay_out(self) -> None:
        gpt = self._source == "new-gpt"
        what = (
            self.tr("A small GPT that learns to write from your text alone.")
            if gpt
            else self.tr("A small BERT that learns to read from your text alone.")
        )
        rest = self.tr(
            "It starts from first weights drawn by chance, and learns its tokens from the text: nothing is fetched. "
            "Small ones are for learning how such models work, and for watching attention be born."
        )
        caption = Label(self.tr("Tokens are"), "section")
        caption.setBuddy(self.tokeniser)
        caption.setFixedWidth(self.layers.caption.maximumWidth())
        line = QHBoxLayout()
        line.setSpacing(MEDIUM)
        line.addWidget(caption)
        line.addWidget(self.tokeniser)
        line.addStretch(1)
        shape = Card()
        grid = QGridLayout()
        grid.setVerticalSpacing(MEDIUM)
        for place, slider in enumerate((self.layers, self.width_, self.heads, self.context)):
            grid.addWidget(slider, place, 0)
        grid.addLayout(line, 4, 0)
        grid.addWidget(self.vocabulary, 5, 0)
        shape.body.addLayout(grid)
        takes = Card()
        for widget in (self.weights, self.costs, self.note):
            takes.add(widget)
        buttons = QHBoxLayout()
        buttons.setSpacing(SMALL)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, LARGE, LARGE, MEDIUM + TINY)
        layout.setSpacing(SMALL)
        layout.addWidget(Title(self.tr("A new GPT") if gpt else self.tr("A new BERT")))
        layout.addWidget(Muted(f"{what} {rest}"))
        layout.addWidget(shape)
        layout.addWidget(takes)
        layout.addStretch(1)
        layout.addSpacing(SMALL)
        layout.addLayout(buttons)

    # ---- what shows

    def recipe(self) -> Recipe:
        """The recipe in hand with this model, and with the values that a model from nothing wants."""
        recipe = self._workspace.recipe
        # Who has set them otherwise since, wants them so.
        values: dict[str, object] = {} if is_new(recipe.model.source) else dict(STARTING)
        values |= {
            "model.source": self._source,
            "scratch.layers": self.layers.value,
            "scratch.width": self.width_.value,
            "scratch.heads": self.heads.value,
            "scratch.tokeniser": self.tokeniser.currentData(),
            "scratch.vocabulary": self.vocabulary.value,
            "training.max_length": self.context.value,
            "weights.kind": "all",
        }
        for path, value in values.items():
            recipe = changed(recipe, path, value)
        return recipe

    def _refresh(self) -> None:
        fitting = fitting_heads(self.width_.value)
        if fitting != self.heads.values:
            self.heads.offer(fitting, self.heads.value)
        characters = self.tokeniser.currentData() == "characters"
        self.vocabulary.set_idle(self.tr("as many as occur") if characters else "")
        recipe = self.recipe()
        found = outlook(recipe)
        self.weights.setText(self.tr("{0} weights").format(in_short(found.weights)))
        memory = max(0.1, found.memory / 1e9)
        costs = self.tr("About {0:.1f} GB of memory with batches of {1}.").format(
            memory, recipe.training.batch_size
        )
        device = self._workspace.device
        if device is None or device.kind == "cpu":
            minutes = max(1, round(found.seconds * 1000 / 60))
            said = self.tr("1 minute") if minutes == 1 else self.tr("{0} minutes").format(minutes)
            if minutes >= 120:
                said = self.tr("{0} hours").format(round(minutes / 60))
            costs += " " + self.tr("A thousand steps take very roughly {0} on this processor.").format(said)
        self.costs.setText(costs)
        self.note.setText(
            self.tr("Check, beside Start, measures it. GPT-2 has 124 million weights or more.")
            if self._source == "new-gpt"
            else self.tr("Check, beside Start, measures it. BERT has 110 million weights or more.")
        )

    def _use(self) -> None:
        self._workspace.set_recipe(self.recipe())
        self.accept()
