"""The maps of a sentence and an edited one: their difference, or both side by side, with a head of each enlarged."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from workbench.gui.attention.atlas_view import AtlasView
from workbench.gui.attention.colours import DIFFERENCES
from workbench.gui.attention.drawing import Look
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.figures import Figure, map_parts
from workbench.gui.attention.head_view import HeadView
from workbench.gui.attention.labels import head_name, link_text
from workbench.gui.attention.options import ColourBar
from workbench.gui.attention.scales import Scale, tops
from workbench.gui.attention.shown import Shown, Special, show
from workbench.gui.theme import MEDIUM, current
from workbench.gui.widgets import Card, ElidedLabel
from workbench.run.inside.edit import Edited

_HINT = "Blue looks less in the edited text, orange more. Click a head to enlarge it."


class EditMaps(QStackedWidget):
    """The difference of all heads and of one; or the heads of the original at the left, of the edited at the right."""

    def __init__(self) -> None:
        super().__init__()
        self._found: Edited | None = None
        self._special: Special = "shown"
        self._maps: dict[str, Shown] = {}
        self._chosen = False  # whether the person chose a head: until then the most changed one is enlarged
        self.atlases = {key: AtlasView() for key in ("difference", "first", "second")}
        self.heads = {key: HeadView() for key in self.atlases}
        self.bar = ColourBar()
        self.hint = ElidedLabel(self.tr(_HINT), "muted")
        self.cells = {key: ElidedLabel("", "muted") for key in self.heads}
        self.change = ElidedLabel("", "caption")
        self.addWidget(self._difference())
        self.addWidget(self._both())
        for key, atlas in self.atlases.items():
            atlas.chosen.connect(self._clicked)
            atlas.hovered.connect(lambda head, key=key: self._hovered(key, head))
            self.heads[key].setMinimumSize(120, 100)
            self.heads[key].pointed.connect(self.cells[key].setText)
            atlas.setMinimumSize(120, 80)

    def _difference(self) -> QSplitter:
        atlas_card = Card(self.tr("What changed in each head"))
        self.head_card = Card(self.tr("One head"))
        for widget in (self.atlases["difference"], self.hint, self.bar):
            atlas_card.add(widget, 1 if widget is self.atlases["difference"] else 0)
        self.head_card.add(self.change)
        self.head_card.add(self.heads["difference"], 1)
        self.head_card.add(self.cells["difference"])
        return splitter(atlas_card, self.head_card)

    def _both(self) -> QSplitter:
        cards = []
        for key, title in (("first", self.tr("Original")), ("second", self.tr("Edited"))):
            card = Card(title)
            card.add(self.atlases[key], 1)
            card.add(self.heads[key], 1)
            card.add(self.cells[key])
            cards.append(card)
        return splitter(*cards)

    def show_found(self, found: Edited | None, special: Special, difference: bool) -> None:
        """Draw the maps; the difference only where there is one."""
        other = found is not self._found
        if other or special != self._special:
            self._found, self._special, self._maps = found, special, {}
        if found is None:
            return
        self.setCurrentIndex(0 if found.comparison is not None and difference else 1)
        for key in self._keys():
            self.atlases[key].show_maps(self._shown(key), self._look(key))
        self._show_head()
        if other and found.comparison and not self._chosen:
            self._choose(*found.comparison.ranked()[0])

    def parts(self) -> list[Part]:
        """What can be exported of the maps that are on."""
        if self._found is None:
            return []
        names = {"first": "original", "second": "edited"}
        where = self.atlases[self._keys()[0]].selection
        found = []
        for key in self._keys():
            shown, look = self._shown(key), self._look(key)
            found += map_parts(Figure(shown, look), Figure(shown, look, where), names.get(key, ""))
        return found

    def _look(self, key: str) -> Look:
        if key == "difference":
            return Look(current(), DIFFERENCES, Scale("signed", False), self.font())
        return Look(current(), "ink", Scale("sqrt", False), self.font())

    def _shown(self, key: str) -> Shown:
        """The maps of a key, as they are drawn now."""
        assert self._found is not None
        if key not in self._maps:
            where = self._found.comparison if key == "difference" else self._found
            self._maps[key] = show(getattr(where, key), self._special)
        return self._maps[key]

    def _keys(self) -> tuple[str, ...]:
        """Which maps are on the screen."""
        return ("difference",) if self.currentIndex() == 0 else ("first", "second")

    def _clicked(self, layer: int, head: int) -> None:
        self._chosen = True
        self._choose(layer, head)

    def _choose(self, layer: int, head: int) -> None:
        """Enlarge a head, in all maps."""
        for key, atlas in self.atlases.items():
            atlas.selection = layer, head
            if key in self._keys():
                with QSignalBlocker(atlas):
                    atlas.choose(layer, head)
        self._show_head()

    def _show_head(self) -> None:
        if self._found is None:
            return
        where = self.atlases[self._keys()[0]].selection
        for key in self._keys():
            shown, look = self._shown(key), self._look(key)
            top = float(tops(shown, look.scale)[where])
            self.heads[key].show_head(shown, where, top, look)
            if key == "difference":
                self.bar.show_scale(top, look)
        comparison = self._found.comparison
        if comparison is None:
            return
        self.head_card.title.setText(head_name(*where))
        self.change.setText(
            self.tr("Changed by {0:.3f} bit, number {1} of {2}").format(
                comparison.divergence[where], comparison.ranked().index(where) + 1, comparison.divergence.size
            )
        )

    def _hovered(self, key: str, head: tuple[int, int] | None) -> None:
        if head is None or self._found is None:
            words = self.tr(_HINT) if key == "difference" else ""
        else:
            shown = self._shown(key)
            words = f"{head_name(*head)}: {link_text(shown, shown.strongest(*head))}"
        (self.hint if key == "difference" else self.cells[key]).setText(words)


def splitter(*parts: QWidget) -> QSplitter:
    """Parts side by side, equal at first."""
    found = QSplitter(Qt.Orientation.Horizontal)
    found.setHandleWidth(MEDIUM)
    found.setChildrenCollapsible(False)
    for part in parts:
        found.addWidget(part)
    found.setSizes([1000] * len(parts))
    return found
