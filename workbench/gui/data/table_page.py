"""The Data page of a table: its rows at the left, and beside them what they are, what is wrong and what is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QSizePolicy, QSplitter

from workbench.data.check import Finding, all_checks
from workbench.data.edits import Patch
from workbench.gui.data.columns import ColumnsCard
from workbench.gui.data.form_fields import Choices
from workbench.gui.data.learned_rows import LearnedRows
from workbench.gui.data.lengths import LengthCard
from workbench.gui.data.pages import ClassesCard, FilesCard, NotesCard, ProblemBanner, held_out
from workbench.gui.data.rows import RowsView
from workbench.gui.data.side import FINDINGS, DataSide
from workbench.gui.data.split_card import SplitValues
from workbench.gui.data.step_row import StepOutcome
from workbench.gui.theme import SMALL, TINY
from workbench.gui.widgets import GhostButton, IconButton, Segmented, column, row
from workbench.run.task_kinds import has_classes, learns_running_text, writes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.data.frame import Frame, Indices
    from workbench.data.row_order import Rows, Wish
    from workbench.gui.workspace import Workspace
    from workbench.run.recipe import Recipe
    from workbench.session.data import DataPreview

BEFORE, AFTER = "before", "after"

#: Tasks beside those with classes that have a second column.
LABELLED = ("chat", "seq2seq", "multi-label", "regression", "token-classification")


class TablePage(QSplitter):
    """Rows, and everything that can be asked about them and done to them."""

    labelling_wanted = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._workspace, self._mending = workspace, workspace.mending
        self._preview: DataPreview | None = None
        self._shown: Rows | None = None
        self.rows = RowsView(workspace.mending.edits)
        self.learned = LearnedRows(workspace, self.rows.panel.learned)
        self.banner = ProblemBanner()
        self.columns, self.classes = ColumnsCard(), ClassesCard()
        self.lengths, self.notes = LengthCard(), NotesCard()
        self.files = FilesCard()
        self.side = DataSide(self.columns, self.notes, self.files, self.classes, self.lengths)
        self.when = Segmented(
            (
                (AFTER, self.tr("After the steps"), "", self.tr("The rows as training reads them.")),
                (BEFORE, self.tr("As in the file"), "", self.tr("The untouched rows, which can be edited.")),
            ),
            self.tr("Which rows are shown"),
        )
        self.label_button = GhostButton(
            self.tr("Label by hand"), "pencil", help=self.tr("Give rows their labels with the number keys."),
            on_click=self.labelling_wanted.emit,
        )  # fmt: skip
        self.save_button = IconButton(
            "save", self.tr("Save rows"), self.tr("Write the rows after all steps to a new file."),
            on_click=self.save_rows,
        )  # fmt: skip
        self.tools = row(self.when, None, self.label_button, self.save_button, spacing=SMALL)
        self.when.hide()
        # A narrow window must not be held open by what is seldom shown.
        self.tools.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.addWidget(column(self.banner, self.tools, self.rows))
        self.addWidget(self.side)
        self.setStretchFactor(0, 9)
        self.setStretchFactor(1, 4)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(2 * TINY)
        self._connect()

    def _connect(self) -> None:
        workspace, mending, side = self._workspace, self._mending, self.side
        self.columns.picked.connect(workspace.set_field)
        self.lengths.length_wanted.connect(lambda length: workspace.set_field("training.max_length", length))
        self.when.chosen.connect(lambda _: self._show_rows())
        self.rows.order_wanted.connect(self._arrange)
        self.rows.tokens_wanted.connect(mending.ask_tokens)
        mending.arranged.connect(self.rows.show_arranged)
        mending.not_arranged.connect(self.rows.show_problem)
        mending.tokens.connect(self._show_tokens)
        mending.changed.connect(self._show_findings)
        mending.columns.connect(side.profile.show_profile)
        findings = side.findings
        findings.look_wanted.connect(mending.look)
        findings.cancel_wanted.connect(mending.cancel)
        findings.fix_wanted.connect(mending.fix)
        findings.ignored.connect(mending.ignore)
        findings.restored.connect(mending.restore)
        findings.rows_wanted.connect(self.show_finding)
        findings.example_wanted.connect(self._show_example)
        side.steps.steps_changed.connect(mending.set_steps)
        side.steps.outcome_wanted.connect(lambda place, record: mending.try_step(record))
        mending.outcome.connect(side.steps.show_outcome)
        side.split.field_changed.connect(workspace.set_field)
        side.split.file_wanted.connect(self._choose_file)

    # ---- showing

    def show_preview(self, preview: DataPreview, recipe: Recipe) -> None:
        """Show another preview."""
        fresh = self._preview is None or self._preview.mended is not preview.mended
        self._preview = preview
        table, profile = preview.table, preview.profile
        assert table is not None
        self.banner.show_problem(preview.problem)
        self._show_rows()
        self.columns.show_columns(
            table.columns,
            (recipe.data.text, preview.text),
            (recipe.data.label, preview.label),
            preview.reasons,
        )
        hint = ""
        if learns_running_text(preview.task):
            hint = self.tr("The model learns from this column, row by row.")
        elif preview.task == "chat":
            hint = self.tr(
                "Conversations are found by themselves. Where they are not, choose the column of the questions as the "
                "text and that of the answers as the label."
            )
        elif preview.task == "preference":
            hint = self.tr(
                "The answers are found by the names of their columns: prompt, chosen and rejected."
            )
        elif preview.task == "seq2seq":
            hint = self.tr(
                "The model reads the text column, and learns to write what stands in the label column."
            )
        elif preview.task == "multi-label":
            hint = self.tr(
                "The label column holds all labels of a row, or there is a column of 1 and 0 for each label. A row for "
                "which no label fits says []."
            )
        elif preview.task == "regression":
            hint = self.tr("The model learns the number in the label column, in its own unit.")
        elif preview.task == "token-classification":
            hint = self.tr(
                "The label column has a tag for each word of the text column, or marks stretches of it by their "
                "characters."
            )
        labels = has_classes(preview.task) or preview.task in LABELLED
        self.columns.show_label_used(labels, hint)
        self.columns.show_wrong(preview.problem.field if preview.problem else "")
        self.notes.show_notes(preview.notes)
        self.files.show_files(table.parts)
        self.classes.setVisible(False)
        self.lengths.setVisible(profile is not None)
        if profile:
            self.classes.show_profile(profile, held_out(recipe, sum(n for _, n in profile.class_counts)))
            self.lengths.show_profile(profile.for_max_length(recipe.training.max_length))
        self.label_button.setVisible(has_classes(preview.task))
        self._show_steps(preview, recipe)
        self._show_split(preview, recipe)
        self._show_findings()
        if fresh:
            self._mending.ask_columns()

    def _show_rows(self) -> None:
        preview = self._preview
        if preview is None or preview.table is None:
            return
        stepped = preview.mended is not None and any(step.on for step in self._workspace.recipe.data.steps)
        self.when.setVisible(stepped)
        shown: Rows = preview.untouched or preview.table
        text, label, after = preview.text, preview.label, False
        if stepped and preview.mended and self.when.current() == AFTER:
            shown, after = preview.mended.frame, True
            text, label = preview.mended.frame.text, preview.mended.frame.label
        if shown is not self._shown and self._shown is not None and not after:
            same = getattr(shown, "data", None) is getattr(self._shown, "data", None)
            shown = self._shown if same else shown  # other roles of the same rows keep the place
        self._shown = shown
        outdated = self.learned.follow(preview, shown)
        self.rows.show_table(shown, text, label, self._class_names(), editable=not after)
        self.rows.panel.offer_conversation(preview.task == "chat")
        if outdated:
            self.rows.panel.refresh()

    def go_to(self, number: int) -> None:
        """Go to a row by its number in the untouched file, from 0; one that the steps leave out is shown as it was."""
        preview = self._preview
        mended = preview.mended if preview else None
        if mended is not None and self._shown is mended.frame:
            found = np.flatnonzero(mended.frame.origin == number)
            if len(found):
                self.rows.find_row(int(found[0]))
                return
            self.when.choose(BEFORE)
            self._show_rows()
        if self._shown is not None and number < self._shown.rows:
            self.rows.find_row(number)

    def _class_names(self) -> Sequence[str]:
        profile = self._preview.profile if self._preview else None
        return [name for name, _ in profile.class_counts] if profile else []

    def _show_steps(self, preview: DataPreview, recipe: Recipe) -> None:
        table, done, steps = preview.table, preview.mended, self.side.steps
        assert table is not None
        columns = done.frame.columns if done else table.columns
        steps.show_data(Choices(columns, preview.text, preview.label, tuple(self._class_names())))
        steps.show_steps(tuple(record.model_dump() for record in recipe.data.steps))
        outcomes: list[StepOutcome | None] = [None] * len(recipe.data.steps)
        records = recipe.data.steps
        for report in done.reports if done else ():
            # While a new preview is on its way, the old one tells of other steps.
            if report.place < len(records) and records[report.place].kind == report.kind:
                outcomes[report.place] = StepOutcome(
                    report.changed, report.removed, report.added, report.notes
                )
        problem = preview.problem
        if problem and problem.field == "data.steps":
            place = next(
                (i for i in range(len(outcomes)) if problem.title.startswith(f"Step {i + 1}.")), None
            )
            if place is not None:
                outcomes[place] = StepOutcome(problem=str(problem))
        steps.show_outcomes(outcomes, table.rows, done.frame.rows if done else -1)

    def _show_split(self, preview: DataPreview, recipe: Recipe) -> None:
        data, split = recipe.data, self.side.split
        table = preview.table
        assert table is not None
        columns = preview.mended.frame.columns if preview.mended else table.columns
        split.show_split(SplitValues(data.split, data.split_column, data.validation, data.test), columns)
        sizes = preview.sizes
        split.show_counts(*(sizes or (-1, 0, 0)), preview.split_notes)
        wrong = preview.split_problem
        split.show_problem(f"{wrong.title} {wrong.remedy}" if wrong else "", wrong.field if wrong else "")

    # ---- findings

    def _show_findings(self) -> None:
        mending, card = self._mending, self.side.findings
        if mending.busy:
            card.show_progress(mending.progress or self.tr("Waiting"))
        elif mending.problem:
            card.show_problem(mending.problem)
        elif mending.looked is None:
            card.show_idle()
        else:
            card.show_findings(mending.looked.found, mending.looked.mended.frame.rows, len(all_checks()))
            card.show_ignored(mending.ignored)
            card.show_stale(mending.outdated)

    def show_finding(self, finding: Finding) -> None:
        """Show only the rows of a finding."""
        self.rows.show_finding(finding.title, self._places(finding.rows))

    def _show_example(self, finding: Finding, place: int) -> None:
        if place < len(finding.rows):
            (shown,) = self._places(finding.rows[place : place + 1])[:1] or (-1,)
            self.rows.show_row(int(shown))

    def _places(self, rows: Indices) -> Indices:
        """Where rows of the frame that was looked at stand in the rows that are shown."""
        looked, shown = self._mending.looked, self._shown
        if looked is None:
            return rows
        origin = looked.mended.frame.origin[rows]
        preview = self._preview
        if preview and preview.mended and shown is preview.mended.frame:
            return np.flatnonzero(np.isin(preview.mended.frame.origin, origin)).astype(np.int64)
        return np.unique(origin)

    # ---- wishes

    def _arrange(self, wish: Wish) -> None:
        if self._shown is not None:
            model = self.rows.model
            by_hand = self.rows.edits.patch if model.editable else Patch()  # after the steps they are done
            self._mending.arrange(self._shown, wish, by_hand, model.label)

    def _show_tokens(self, text: str, found: Sequence[str]) -> None:
        limit = self._workspace.recipe.training.max_length
        special = 0 if writes(self._workspace.recipe.task.kind) else 2
        self.rows.show_tokens(found, limit - special if len(found) > limit - special else None)

    def _choose_file(self, path: str) -> None:
        dialog = QFileDialog(self, self.tr("Rows to measure on"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda file: self._workspace.set_field(path, file))
        dialog.open()

    def save_rows(self) -> QFileDialog:
        """Ask where the rows are to be written; the dialog stays open beside the event loop."""
        dialog = QFileDialog(self, self.tr("Save rows"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["CSV (*.csv)", "JSON Lines (*.jsonl)", "Parquet (*.parquet)"])
        dialog.setDefaultSuffix("csv")
        dialog.filterSelected.connect(
            lambda chosen: dialog.setDefaultSuffix(chosen.rpartition("*.")[2].rstrip(")"))
        )
        if self._preview:
            dialog.selectFile(f"{Path(self._preview.path).stem}-mended.csv")
        dialog.fileSelected.connect(self._mending.save_rows)
        dialog.open()
        return dialog

    def labelled_frame(self) -> Frame | None:
        """The rows that can be labelled: the untouched ones, with the columns that are read and predicted."""
        preview = self._preview
        if preview is None or preview.untouched is None:
            return None
        return replace(preview.untouched, text=preview.text, label=preview.label)

    def show_problems(self) -> None:
        """Turn to the findings, and look."""
        self.side.show_page(FINDINGS)
        self._mending.look()
