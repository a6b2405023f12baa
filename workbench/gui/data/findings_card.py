"""Findings as a linter lists them: one unfolds at a time, with why it matters, examples, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from workbench.data.suggest import counted
from workbench.gui.data.card_parts import SmallNote, breakable, empty
from workbench.gui.data.finding_row import FindingRow, IgnoredRow
from workbench.gui.theme import MEDIUM, SMALL, TINY
from workbench.gui.widgets import (
    Card,
    EmptyState,
    FoldSection,
    GhostButton,
    IconButton,
    Label,
    Muted,
    column,
    explain_widget,
    restyle,
    row,
)

if TYPE_CHECKING:
    from workbench.data.check import Finding
    from workbench.run.problem import Problem

Name = tuple[str, str, str]

_AT_ONCE = 20  # findings that get a row at once, at 3 ms each; a table of 300 columns may have hundreds
_SEVERITIES = ("error", "warning", "hint")


class FindingsCard(Card):
    """The findings of the data in hand, or what stands where there are none yet.

    It asks and shows; what is found, fixed and ignored is kept elsewhere and comes back through its slots.
    """

    look_wanted = Signal()
    cancel_wanted = Signal()
    rows_wanted = Signal(object)  # the Finding
    fix_wanted = Signal(object)  # the Fix
    ignored = Signal(object)  # the name of the Finding
    restored = Signal(object)  # the name of the Finding
    example_wanted = Signal(object, int)  # the Finding, a place in its rows
    counted = Signal(int, str)  # findings that are not ignored (-1: not looked), tone of the badge

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Findings"))
        self._findings: tuple[Finding, ...] = ()
        self._total = self._checks = 0
        self._ignored: frozenset[Name] = frozenset()
        self._all = False
        self.rows: list[FindingRow] = []
        self.empty = EmptyState("search", "-", "-", self.tr("Look for problems"), self.look_wanted.emit)
        self._make_looking()
        self.stale = SmallNote("hint")
        self.summary = Label("", "section", wrap=True)
        self.again = IconButton(
            "refresh", self.tr("Look again"), self.tr("Look for problems once more."),
            on_click=self.look_wanted.emit,
        )  # fmt: skip
        self._list = QVBoxLayout()
        self._list.setSpacing(TINY)
        self.more = GhostButton("-", on_click=self._show_all)
        self.ignored_fold = FoldSection("-")
        head = row(self.summary, self.again)
        head.setContentsMargins(SMALL, 0, 0, 0)
        listed = QWidget()
        self._list.setContentsMargins(0, 0, 0, 0)
        listed.setLayout(self._list)
        self._result = column(head, self.stale, listed, self.more, self.ignored_fold)
        self.stale.setContentsMargins(SMALL, 0, SMALL, 0)
        for part in (self.empty, self._looking, self._result):
            self.add(part)
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(SMALL, MEDIUM, SMALL, MEDIUM)  # the rows bring their own room at the sides
        self.show_idle()

    def _make_looking(self) -> None:
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(self.tr("Looking for problems"))
        self.progress_words = Muted()
        self.cancel = GhostButton(
            self.tr("Cancel"), help=self.tr("Stop looking."), on_click=self.cancel_wanted.emit
        )
        self._looking = column(
            Label(self.tr("Looking for problems"), "section", wrap=True),
            self.progress_words,
            self.progress,
            row(self.cancel, None),
        )
        self._looking.setContentsMargins(SMALL, 0, SMALL, 0)

    # ---- slots

    def show_idle(self) -> None:
        """Nobody has looked yet."""
        self._findings = ()
        self.empty.say(
            self.tr("Not looked yet"),
            self.tr(
                "Missing labels, duplicates, rows that leak into the held-out ones, personal data and more: "
                "a look finds them and offers to mend them. The file itself is never changed."
            ),
            "search",
        )
        self._offer(self.tr("Look for problems"), "primary")
        self._show_only(self.empty)
        self.counted.emit(-1, "neutral")

    def show_progress(self, text: str, share: float | None = None) -> None:
        """Somebody looks: what at, and how far it is (0 to 1; None where that is not known)."""
        self.progress_words.setText(text)
        self.progress.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self.progress.setValue(round(1000 * share))
        self._show_only(self._looking)

    def show_findings(self, findings: Sequence[Finding], rows: int = 0, checks: int = 0) -> None:
        """What was found.

        Args:
            findings: All of it, also what is ignored.
            rows: How many rows were looked at; 0 where that is not known.
            checks: How many things were looked for; 0 where that is not known.
        """
        rank = _SEVERITIES.index
        self._findings = tuple(sorted(findings, key=lambda found: rank(found.severity)))
        self._total, self._checks = rows, checks
        self._all = False
        self.stale.say("")
        self._rebuild()

    def show_ignored(self, names: Collection[Name]) -> None:
        """Which findings are ignored, by their names; others of the same kind are not."""
        if frozenset(names) != self._ignored:
            self._ignored = frozenset(names)
            if not self._result.isHidden() or self._findings:
                self._rebuild()

    def show_stale(self, on: bool) -> None:
        """Say that the rows have changed since the look."""
        self.stale.say(self.tr("The rows have changed since. Look again to see what is left.") if on else "")

    def show_problem(self, problem: Problem) -> None:
        """Looking did not work."""
        words = f"{problem.cause} {problem.remedy}".strip()
        self.empty.say(problem.title, breakable(words), "alert")
        self._offer(self.tr("Look again"))
        self._show_only(self.empty)
        self.counted.emit(-1, "neutral")

    def show_unavailable(self, why: str) -> None:
        """There is nothing to look at, such as for a plain text."""
        self.empty.say(self.tr("Nothing to check"), why, "info")
        self._offer("")
        self._show_only(self.empty)
        self.counted.emit(-1, "neutral")

    # ---- inside

    def _offer(self, text: str, role: str = "") -> None:
        restyle(self.empty.action, role=role)
        self.empty.action.setVisible(bool(text))
        self.empty.action.setText(text)
        self.empty.action.setAccessibleName(text)

    def _show_only(self, part: QWidget) -> None:
        for each in (self.empty, self._looking, self._result):
            each.setVisible(each is part)

    def _shown(self) -> list[Finding]:
        return [found for found in self._findings if found.name not in self._ignored]

    def _rebuild(self) -> None:
        shown = self._shown()
        worst = shown[0].severity if shown else ""
        self.counted.emit(len(shown), {"error": "bad", "warning": "warning"}.get(worst, "neutral"))
        if not self._findings:
            self._say_clean()
            return
        open_now = next((each.finding.name for each in self.rows if each.is_open()), None)
        for old in self.rows:
            old.hide()
            old.deleteLater()
        count = len(shown) if self._all else _AT_ONCE
        self.rows = [self._make_row(found) for found in shown[:count]]
        for each in self.rows:
            self._list.addWidget(each)
            if each.finding.name == open_now:
                each.head.setChecked(True)
        left = len(shown) - len(self.rows)
        self.more.setVisible(left > 0)
        self.more.setText(self.tr("Show {0}").format(counted(left, "more finding", "more findings")))
        self.summary.setText(self._summary(shown))
        self._fill_ignored()
        self._show_only(self._result)

    def _say_clean(self) -> None:
        rows = counted(self._total, "row") if self._total else self.tr("the rows")
        checks = counted(self._checks, "check")
        words = self.tr("{0} went over {1} and came back empty-handed.").format(checks, rows)
        if not self._checks:
            words = self.tr("We went over {0} and came back empty-handed.").format(rows)
        self.empty.say(
            self.tr("No problems found"),
            f"{words} {self.tr('The data is in good shape to be learned from.')}",
            "check",
        )
        self._offer(self.tr("Look again"))
        self._show_only(self.empty)

    def _summary(self, shown: Sequence[Finding]) -> str:
        if not shown:
            return self.tr("Nothing else was found")
        errors = sum(found.severity == "error" for found in shown)
        told = counted(len(shown), "finding")
        if errors == 0:
            return self.tr("{0}, none in the way of training").format(told)
        if errors == len(shown) == 1:
            return self.tr("1 finding, and it stands in the way of training")
        if errors == 1:
            return self.tr("{0}: 1 stands in the way of training").format(told)
        return self.tr("{0}: {1} stand in the way of training").format(told, errors)

    def _make_row(self, finding: Finding) -> FindingRow:
        made = FindingRow(finding, self._total)
        made.opened.connect(partial(self._opened, made))
        made.head.stepped.connect(partial(self._step, made))
        made.rows_wanted.connect(lambda: self.rows_wanted.emit(finding))
        made.fix_wanted.connect(self.fix_wanted)
        made.ignored.connect(lambda: self.ignored.emit(finding.name))
        made.example_wanted.connect(lambda place: self.example_wanted.emit(finding, place))
        return made

    def _opened(self, row: FindingRow, on: bool) -> None:
        for other in self.rows:
            if on and other is not row:
                other.head.setChecked(False)

    def _step(self, row: FindingRow, step: int) -> None:
        place = self.rows.index(row) + step
        if 0 <= place < len(self.rows):
            self.rows[place].head.step_here()

    def _show_all(self) -> None:
        self._all = True
        self._rebuild()

    def _fill_ignored(self) -> None:
        put_aside = [found for found in self._findings if found.name in self._ignored]
        empty(self.ignored_fold.body)
        for found in put_aside:
            line = IgnoredRow(found)
            line.restored.connect(self.restored)
            self.ignored_fold.add(line)
        title = self.tr("{0} ignored").format(len(put_aside))
        self.ignored_fold.switch.setText(title)
        explain_widget(
            self.ignored_fold.switch,
            self.tr("Findings that are not counted; they can be brought back."),
            title,
        )
        self.ignored_fold.setVisible(bool(put_aside))
