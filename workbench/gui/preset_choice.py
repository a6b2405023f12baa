"""The presets as a list in the recipe bar, each with its one line, chosen by data size and device."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.data_size import data_size
from workbench.gui.recipe_form import BACK_SIZE
from workbench.gui.theme import FONT_SMALL, SMALL, current
from workbench.gui.widgets import Label, explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.presets import Preset, Value, apply, presets
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed, recipe_fields
from workbench.run.scratch_fields import is_new

HELP = Qt.ItemDataRole.ToolTipRole
BACK = "\0back"  # the last entry
WIDEST = 640
BLOCK = 128  # tokens in which running texts are counted


class _TwoLines(QStyledItemDelegate):
    """A title with its line below it."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw both lines."""
        palette, area = current(), option.rect.adjusted(SMALL, 5, -SMALL, -5)
        on = option.state & QStyle.StateFlag.State_Selected
        painter.save()
        if on:
            painter.fillRect(option.rect, palette.colour("selection"))
        title, small = QFont(option.font), QFont(option.font)
        title.setWeight(QFont.Weight.DemiBold)
        small.setPixelSize(FONT_SMALL)
        half = area.height() // 2
        for font, colour, text, top in (
            (title, "text", index.data(), area.top()),
            (small, "text" if on else "muted", index.data(HELP), area.top() + half),
        ):
            painter.setFont(font)
            painter.setPen(palette.colour(colour))
            fitting = painter.fontMetrics().elidedText(
                str(text or ""), Qt.TextElideMode.ElideRight, area.width()
            )
            painter.drawText(
                QRect(area.left(), top, area.width(), half), Qt.AlignmentFlag.AlignVCenter, fitting
            )
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Two lines high."""
        return QSize(120, 46)


class PresetChoice(QWidget):
    """Shows which preset the recipe follows, and sets the fields of the one that is chosen."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._offered: tuple[Preset, ...] = ()
        self._before: dict[str, Value] = {}  # the fields as they were before the first preset
        self.combo = QComboBox()
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(5)
        self.combo.setItemDelegate(_TwoLines(self.combo))
        self.combo.activated.connect(self._activated)
        caption = Label(self.tr("Preset"), "caption")
        caption.setBuddy(self.combo)
        caption.setMinimumHeight(BACK_SIZE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(caption)
        layout.addWidget(self.combo)
        for signal in (workspace.recipe_changed, workspace.data_changed, workspace.device_changed):
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Offer what suits data and device, and show which one is in force."""
        offered = self._suiting()
        following = self.following(offered)
        if offered != self._offered or self._has_back() != bool(self._before):
            self._offered = offered
            self._fill()
        self.combo.setEnabled(bool(offered))
        self.combo.setPlaceholderText(self.tr("Own values") if offered else self.tr("…"))
        self.combo.setCurrentIndex(offered.index(following) if following else -1)
        what = self.tr("Sets epochs, batch size, learning rate and more to suit the data and the device.")
        if not offered:
            now = self.tr("They are known once the data is read.")
        else:
            now = following.help if following else self.tr("The present values are nobody's preset.")
        explain_widget(self.combo, f"{what} {now}", self.tr("Preset"))

    def following(self, offered: tuple[Preset, ...]) -> Preset | None:
        """The preset that the recipe in hand follows in every field."""
        recipe = self._workspace.recipe
        return next((p for p in offered if all(recipe.value(path) == v for path, v in p.changes)), None)

    def choose(self, name: str) -> None:
        """Set the fields of a preset."""
        preset = next(p for p in self._offered if p.name == name)
        workspace = self._workspace
        if self.following(self._offered) is None:
            self._before = {path: workspace.recipe.value(path) for path, _ in preset.changes}
        workspace.set_recipe(apply(workspace.recipe, preset))

    def set_back(self) -> None:
        """Give the fields the values that they had before the preset."""
        recipe: Recipe = self._workspace.recipe
        for path, value in self._before.items():
            recipe = changed(recipe, path, value)
        self._before = {}
        self._workspace.set_recipe(recipe)

    def _suiting(self) -> tuple[Preset, ...]:
        workspace = self._workspace
        size = data_size(workspace, BLOCK)  # a preset's own maximum length must not choose the preset
        if size is None:
            # A preview that is on its way leaves what was offered, so that the list does not blink.
            return self._offered if workspace.data_busy else ()
        device = workspace.device
        wanted = workspace.recipe.training.device
        kind = wanted if wanted != "auto" else device.kind if device else "cpu"
        memory = device.total_memory if device and device.kind == kind else None
        recipe = workspace.recipe
        new = is_new(recipe.model.source)
        return presets(recipe.task.kind, size.rows, size.lengths, kind, memory, new=new)

    def _has_back(self) -> bool:
        return self.combo.findData(BACK) >= 0

    def _fill(self) -> None:
        combo = self.combo
        combo.clear()
        entries = [(p.name, p.title, p.help) for p in self._offered]
        if self._before:
            titles = ", ".join(recipe_fields()[path].title.lower() for path in list(self._before)[:4])
            line = self.tr("The values from before: {0} and more.").format(titles)
            entries.append((BACK, self.tr("Set back"), line))
        for key, title, line in entries:
            combo.addItem(title, key)
            combo.setItemData(combo.count() - 1, line, HELP)
            combo.setItemData(combo.count() - 1, line, Qt.ItemDataRole.AccessibleDescriptionRole)
        if entries:
            metrics = combo.fontMetrics()
            combo.view().setMinimumWidth(
                min(WIDEST, max(metrics.horizontalAdvance(line) for _, _, line in entries))
            )

    def _activated(self, index: int) -> None:
        key = str(self.combo.itemData(index))
        if key == BACK:
            self.set_back()
        else:
            self.choose(key)
