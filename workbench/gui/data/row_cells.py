"""Cells of the table that are changed in their place: labels with the known classes to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QStyleOptionViewItem, QWidget

from workbench.gui.data.cell_marks import MarkedDelegate
from workbench.gui.table_model import TableModel

if TYPE_CHECKING:
    from workbench.gui.data.row_table import RowTable

Index = QModelIndex | QPersistentModelIndex


class RowCells(MarkedDelegate):
    """Draws cells, and makes the field in which one is changed."""

    def __init__(self, table: RowTable) -> None:
        super().__init__(table)
        self._table = table

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A list with free text for labels, a line for other cells."""
        model = index.model()
        assert isinstance(model, TableModel) and model.table is not None
        name = model.table.columns[index.column()]
        if name != model.label:
            line = QLineEdit(parent)
            line.setProperty("role", "cell")
            line.setAccessibleName(name)
            return line
        combo = QComboBox(parent)
        combo.setProperty("role", "cell")
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.addItems(list(self._table.classes))
        combo.setAccessibleName(self.tr("Label"))
        combo.activated.connect(lambda _: self._taken(combo))
        return combo

    def _taken(self, combo: QComboBox) -> None:
        self.commitData.emit(combo)
        self.closeEditor.emit(combo)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """The whole value; nothing for a missing one."""
        text = str(index.data(Qt.ItemDataRole.EditRole) or "")
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(editor.findText(text, Qt.MatchFlag.MatchExactly))
            editor.setEditText(text)
            line = editor.lineEdit()
            if line is not None:
                line.selectAll()
        elif isinstance(editor, QLineEdit):
            editor.setText(text)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """What was typed; another label goes to all chosen rows, if this is one of them."""
        text = editor.currentText() if isinstance(editor, QComboBox) else ""
        text = editor.text() if isinstance(editor, QLineEdit) else text
        table = self._table
        several = isinstance(editor, QComboBox) and table.selectionModel().isRowSelected(index.row())
        rows = table.chosen() if several else []
        if len(rows) > 1 and text != str(index.data(Qt.ItemDataRole.EditRole) or ""):
            table.give_label(rows, text)
        else:
            model.setData(index, text)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """As large as the cell, and wide enough to read what is chosen."""
        area = option.rect
        area.setWidth(max(area.width(), min(180, self._table.viewport().width() - area.left())))
        editor.setGeometry(area)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """The list of a combo box that opens takes the focus; that is no end of editing."""
        if (
            event.type() == QEvent.Type.FocusOut
            and isinstance(editor, QComboBox)
            and editor.view().isVisible()
        ):
            return False
        return super().eventFilter(editor, event)
