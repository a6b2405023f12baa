"""Marks on cells: a corner where something was changed by hand, a sign for a note, a ground for what was found."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from workbench.gui.icons import pixmap
from workbench.gui.table_model import CHANGED, HIT, NOTED
from workbench.gui.theme import TINY, current

CORNER = 7  # pixels
NOTE = 13


class MarkedDelegate(QStyledItemDelegate):
    """Draws cells as ever, and what was done to them by hand on top."""

    #: The column that shows whether a row has a note.
    note_column = 0

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw a cell and its marks."""
        area: QRect = option.rect
        palette = current()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if index.data(HIT) and not selected:
            painter.fillRect(area, QColor(palette.blend("warning", 0.12)))
        noted = index.column() == self.note_column and index.data(NOTED)
        if noted:
            area.setRight(area.right() - NOTE - 2 * TINY)
            option.rect = area
        super().paint(painter, option, index)
        if noted:
            room = QRect(area.right() + 1, area.top(), NOTE + 2 * TINY, area.height())
            if selected:
                painter.fillRect(room, palette.colour("selection"))
            sign = _note(palette.warning, painter.device().devicePixelRatioF())
            painter.drawPixmap(room.left() + TINY, room.center().y() - NOTE // 2, sign)
            area.setRight(room.right())
        if index.data(CHANGED):
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.colour("accent"))
            right, top = area.right() + 1.0, float(area.top())
            corner = [QPointF(right - CORNER, top), QPointF(right, top), QPointF(right, top + CORNER)]
            painter.drawPolygon(QPolygonF(corner))
            painter.restore()


@lru_cache(maxsize=8)
def _note(colour: str, ratio: float) -> QPixmap:
    return pixmap("prompt", colour, NOTE, ratio)
