"""The prompts of a file and their answers as a Qt table: only what is in sight becomes text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from workbench.gui.theme import current
from workbench.session.prompting import Answered

Index = QModelIndex | QPersistentModelIndex
#: Characters of a cell that the view gets: laying out a long text for one line takes longer than all others together.
_SHOWN, _TOLD = 200, 900


class BatchModel(QAbstractTableModel):
    """A row for each prompt: its text, and a column of answers for each model."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: Sequence[str] = ()
        self.models: tuple[str, ...] = ()
        self.answers: list[dict[int, Answered]] = []

    def show_prompts(self, prompts: Sequence[str]) -> None:
        """Show other prompts, without answers."""
        self.beginResetModel()
        self.prompts = prompts
        self.answers = [{} for _ in self.models]
        self.endResetModel()

    def show_models(self, titles: Sequence[str]) -> None:
        """Columns for other models, without answers."""
        self.beginResetModel()
        self.models = tuple(titles)
        self.answers = [{} for _ in titles]
        self.endResetModel()

    def put(self, model: int, answered: Answered) -> None:
        """An answer has come."""
        self.answers[model][answered.row] = answered
        index = self.index(answered.row, 1 + model)
        self.dataChanged.emit(index, index)

    def count(self) -> int:
        """How many answers there are, of all models."""
        return sum(map(len, self.answers))

    def text(self, row: int, column: int) -> str:
        """The whole text of a cell."""
        if column == 0:
            return self.prompts[row]
        answered = self.answers[column - 1].get(row)
        if answered is None:
            return ""
        if answered.problem is not None:
            return f"{answered.problem.title} {answered.problem.remedy}".strip()
        return "\n\n".join(answer.text.strip() for answer in answered.answers)

    def failed(self, row: int, column: int) -> bool:
        """Whether a cell says why there is no answer."""
        answered = self.answers[column - 1].get(row) if column else None
        return answered is not None and answered.problem is not None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """How many prompts."""
        return 0 if parent.isValid() else len(self.prompts)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """The prompt and the models."""
        return 0 if parent.isValid() else 1 + len(self.models)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One line of a cell, its beginning as a tooltip, and its colour."""
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return " ".join(self.text(row, column)[: 2 * _SHOWN].split())[:_SHOWN]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.text(row, column)[:_TOLD]
        if role == Qt.ItemDataRole.ForegroundRole and self.failed(row, column):
            return current().colour("muted")
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """What the columns are, and the rows' numbers."""
        if role == Qt.ItemDataRole.TextAlignmentRole and orientation == Qt.Orientation.Horizontal:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1)
        return self.tr("Prompt") if section == 0 else self.models[section - 1]
