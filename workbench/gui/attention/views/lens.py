"""The layer lens: what the model would answer after each of its layers."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.kinds import Flow
from workbench.gui.attention.labels import token_name
from workbench.gui.attention.lens_export import lens_parts
from workbench.gui.attention.lens_grid import LensGrid, chance_words
from workbench.gui.attention.method_rows import Swatch
from workbench.gui.attention.question import Question
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.attention.view import Ask, View
from workbench.gui.model_choice import Choice
from workbench.gui.probabilities import ProbabilityBars, percent
from workbench.gui.small_plot import Drawn, SmallPlot
from workbench.gui.theme import MEDIUM, SMALL, current, theme
from workbench.gui.widgets import Badge, Card, ElidedLabel, Label, column, row, scrolled
from workbench.gui.workspace import Workspace
from workbench.run.inside.lens import WARNING, ClassLens, Lens, TokenLens, row_name
from workbench.session.inside.lens import LensRequest, read_layers

_HINT = "The stronger the colour, the surer; framed is what really follows. Click a cell for its ten likeliest tokens."
#: A model in training waits meanwhile, so that it is asked about shorter texts only.
LONGEST, LONGEST_LIVE = 128, 48
#: So many classes are drawn as curves: each needs a colour that is told apart.
CURVES = 6


class LensView(View):
    """For language models a grid of guesses, for classifiers the classes after each layer; a warning above."""

    invitation = "Or pick an example. You will see what the model would answer after each of its layers."

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.found: Lens | None = None
        self.warning = Label(self.tr(WARNING), "caption", wrap=True)
        self.warning.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.words = TokenPart()
        self.classes = ClassPart()
        self.parts = QStackedWidget()
        self.parts.addWidget(self.words)
        self.parts.addWidget(self.classes)
        for card in (self.words.guesses, self.classes.curves):
            card.add_action(ExportButton(self.tr("Lens"), self._model, self.handed_out, workspace))
        inner = QVBoxLayout(self.content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.parts)
        outer = self.layout()
        assert isinstance(outer, QVBoxLayout)
        outer.setSpacing(MEDIUM)
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(Badge(self.tr("Take care"), "warning"))
        line.addWidget(self.warning, 1)
        outer.insertLayout(0, line)

    def wanted(self, choice: Choice, text: str) -> Ask:
        """What the model would answer after each layer."""
        longest = LONGEST_LIVE if self.question.is_live() else LONGEST
        return Ask(read_layers, LensRequest(choice.model, text, longest), in_slices=True)

    def show_answer(self, answer: Lens) -> None:
        """Show the grid or the classes."""
        self.found = answer
        if isinstance(answer, TokenLens):
            self.words.show_lens(answer)
            self.parts.setCurrentWidget(self.words)
        else:
            self.classes.show_lens(answer)
            self.parts.setCurrentWidget(self.classes)

    def forget(self) -> None:
        """There is nothing to show."""
        self.found = None

    def handed_out(self) -> list[Part]:
        """What can be exported."""
        if self.found is None:
            return []
        facts = (self.words if isinstance(self.found, TokenLens) else self.classes).facts.text()
        return lens_parts(self.found, (self.classes.plot, self.classes.names), facts, self.font())

    def _model(self) -> str:
        return self.found.model if self.found else ""


class TokenPart(QSplitter):
    """The grid of guesses at the left, one cell in full at the right."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setHandleWidth(MEDIUM)
        self.setChildrenCollapsible(False)
        self.grid = LensGrid()
        self.facts = ElidedLabel("", "caption")
        self.hint = ElidedLabel(self.tr(_HINT), "muted")
        self.bars = ProbabilityBars(limit=10)
        self.follows = ElidedLabel("", "caption")
        self.plot_words = ElidedLabel("", "caption")
        self.plot = SmallPlot(self.tr("Probability of what follows, layer by layer"), pickable=True)
        self.guesses = Card(self.tr("The next token, layer by layer"))
        for widget in (self.facts, self.grid, self.hint):
            self.guesses.add(widget, 1 if widget is self.grid else 0)
        self.cell = Card(self.tr("One cell"))
        self.cell.add(self.follows)
        self.cell.add(scrolled(column(self.bars, None)), 3)
        self.cell.add(self.plot_words)
        self.plot.setMinimumSize(120, 90)
        self.cell.add(self.plot, 2)
        self.addWidget(self.guesses)
        self.addWidget(self.cell)
        self.setSizes([2400, 1000])
        self.grid.chosen.connect(self._show_cell)
        self.grid.hovered.connect(self._hovered)
        self.plot.picked.connect(self._picked)

    def show_lens(self, found: TokenLens) -> None:
        """Show another lens."""
        self.grid.show_lens(found)
        places = range(len(found.tokens) - 1)
        right = sum(found.is_right(found.rows - 1, place) for place in places)
        settled = round(float(np.median([found.settled(place) for place in range(len(found.tokens))])))
        said = self.tr("Layer {0}, the last, guesses {1} of {2} tokens right.").format(
            found.rows - 1, right, len(places)
        )
        stands = self.tr("Half of its guesses stand from {0} on.").format(
            row_name(settled).lower() if settled else self.tr("the input")
        )
        self.facts.setText(" ".join(filter(None, (said, stands, found.note))))
        self._show_cell(*self.grid.selection)

    def _show_cell(self, at: int, place: int) -> None:
        found = self.grid.found
        if found is None:
            return
        self.cell.title.setText(
            self.tr("{0}, after ‘{1}’").format(row_name(at), token_name(found.tokens[place]))
        )
        self.bars.show_rows([(token_name(name), chance) for name, chance in found.likely(at, place)])
        if found.following[place] < 0:
            self.follows.setText(self.tr("The text ends here: nothing follows."))
            self.plot_words.setText("")
            self.plot.show_curves((), (0, 1, 0, 1), words=self.tr("Choose an earlier token to see a curve."))
            return
        self.follows.setText(self.tr("Really follows: {0}").format(chance_words(found, at, place)))
        name = token_name(found.words[int(found.following[place])])
        self.plot_words.setText(self.tr("Probability of ‘{0}’ after each layer").format(name))
        y = found.following_probability[:, place]
        top = 1.0 if float(y.max()) > 0.5 else max(1e-9, float(y.max()) * 1.1)
        self.plot.show_curves(
            [Drawn(np.arange(found.rows, dtype=np.float64), y)],
            (0.0, float(max(1, found.rows - 1)), 0.0, top),
            self.tr("layer"),
            marker=(float(at), row_name(at)),
            reads=lambda x: f"{row_name(round(x))}: {100 * y[round(x)]:.2f} %",
        )

    def _picked(self, layer: float) -> None:
        self.grid.choose(round(layer), self.grid.selection[1])

    def _hovered(self, cell: tuple[int, int] | None) -> None:
        self.hint.setText(self.grid.words(*cell) if cell else self.tr(_HINT))


class ClassPart(QSplitter):
    """Curves of the classes over the layers at the left, every number in a table at the right."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setHandleWidth(MEDIUM)
        self.setChildrenCollapsible(False)
        self.found: ClassLens | None = None
        self.facts = ElidedLabel("", "caption")
        self.plot = SmallPlot(self.tr("Probability of the classes, layer by layer"), pickable=True)
        self.names = QWidget()
        self._flow = Flow(self.names, MEDIUM)
        self.curves = Card(self.tr("The classes, layer by layer"))
        self.curves.add(self.facts)
        self.curves.add(self.plot, 1)
        self.curves.add(self.names)
        self.numbers = Card(self.tr("Every layer and class"))
        self.table: RowsTable | None = None
        self._colour: dict[int, int] = {}  # which curve each class has
        self._order = np.zeros(0, dtype=np.int64)  # the classes, likeliest first
        self.addWidget(self.curves)
        self.addWidget(self.numbers)
        self.setSizes([1000, 1000])
        self.plot.picked.connect(lambda layer: self._mark(round(layer)))
        theme().changed.connect(self._recolour)

    def show_lens(self, found: ClassLens) -> None:
        """Show another lens."""
        order = np.argsort(-found.probabilities[-1], kind="stable")
        same = self.found is not None and self.found.class_names == found.class_names
        same = same and np.array_equal(order, self._order)
        self.found, self._order = found, order
        settled = found.settled()
        best = int(found.probabilities[-1].argmax())
        said = self.tr("‘{0}’, {1}:").format(
            found.class_names[best], percent(float(found.probabilities[-1, best]))
        )
        stands = self.tr("the likeliest class from {0} on.").format(
            row_name(settled).lower() if settled else self.tr("the input")
        )
        self.facts.setText(" ".join(filter(None, (said, stands, found.note))))
        self._colour = {int(number): colour for colour, number in enumerate(order[:CURVES])}
        self._name()
        self._fill(same)
        self._mark(found.rows - 1)

    def _name(self) -> None:
        """Write the classes beside their colours, likeliest first."""
        assert self.found is not None
        while (item := self._flow.takeAt(0)) is not None:
            if widget := item.widget():
                widget.setParent(None)
                widget.deleteLater()
        for number, colour in self._colour.items():
            self._flow.addWidget(row(Swatch(colour), Label(self.found.class_names[number], "caption")))
        more = len(self.found.class_names) - len(self._colour)
        if more > 0:
            self._flow.addWidget(Label(self.tr("{0} more in the table").format(more), "caption"))

    def _recolour(self) -> None:
        if self.found is not None:
            self._fill(True)

    def _fill(self, same: bool) -> None:
        found = self.found
        assert found is not None
        if self.table is None or not same:
            if self.table is not None:
                self.table.setParent(None)
                self.table.deleteLater()
            headings = [
                Heading(self.tr("After")),
                *(Heading(name, number=True) for name in found.class_names),
            ]
            self.table = RowsTable(
                headings,
                self.tr("Probability of every class after every layer"),
                self.tr("A click marks the layer in the picture. The colour is that of the likeliest class."),
            )
            self.table.opened.connect(self._mark)
            self.numbers.add(self.table, 1)
        rows = []
        for at, values in enumerate(found.probabilities.tolist()):
            best = int(np.argmax(values))
            cells = [
                Cell(f"{100 * values[n]:.1f} %", values[n], self._tint(n) if n == best else None)
                for n in self._order.tolist()
            ]
            rows.append(Row((Cell(row_name(at), at), *cells), at))
        self.table.show_rows(rows)

    def _tint(self, number: int) -> QColor:
        colour = self._colour.get(number)
        return QColor(current().series[colour]) if colour is not None else current().colour("muted")

    def _mark(self, at: int) -> None:
        found = self.found
        if found is None:
            return
        x = np.arange(found.rows, dtype=np.float64)
        curves = [Drawn(x, found.probabilities[:, number], colour) for number, colour in self._colour.items()]
        self.plot.show_curves(
            curves[::-1],
            (0.0, float(max(1, found.rows - 1)), 0.0, 1.0),
            self.tr("layer"),
            marker=(float(at), row_name(at)),
            reads=self._reads,
        )

    def _reads(self, x: float) -> str:
        assert self.found is not None
        values = self.found.probabilities[round(x)]
        best = np.argsort(-values)[:3]
        told = ", ".join(f"{self.found.class_names[n]} {percent(float(values[n]))}" for n in best)
        return f"{row_name(round(x))}: {told}"
