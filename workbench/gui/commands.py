"""Commands: one frozen row for everything a person can do; menus, shortcuts and the palette are derived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from workbench.gui.icons import keep_icon
from workbench.gui.questions import ask_for_run
from workbench.gui.run_controls import measure_obstacle, order_obstacle, pause_obstacle
from workbench.gui.theme import Mode
from workbench.gui.workspace import Workspace


class Desk(Protocol):
    """What commands act on; the window is one."""

    workspace: Workspace

    def show_page(self, key: str) -> None:
        """Go to a page."""

    def start(self) -> None:
        """Start the recipe in hand."""

    def check(self) -> None:
        """Say whether the recipe in hand fits and how long it takes."""

    def change_rate(self) -> None:
        """Ask for another learning rate of the run in work."""

    def choose_data_file(self) -> None:
        """Ask for a data file."""

    def choose_recipe_file(self) -> None:
        """Ask for a recipe file and take it in hand."""

    def save_recipe_file(self) -> None:
        """Ask where to, and save the recipe in hand."""

    def export_all(self) -> None:
        """Export every plot of the Train page."""

    def set_theme(self, mode: Mode) -> None:
        """Change the appearance."""

    def open_settings(self) -> None:
        """Show the settings."""

    def open_palette(self) -> None:
        """Show the command palette."""

    def toggle_advanced(self) -> None:
        """Fold or unfold the advanced fields."""

    def focus_runs(self) -> None:
        """Give the runs shelf the keyboard."""

    def open_home(self) -> None:
        """Show the folder of runs in the file manager."""

    def about(self) -> None:
        """Say what this program is."""

    def close(self) -> bool:
        """Close the window."""


def _none(workspace: Workspace) -> str:
    return ""


def _in_work(workspace: Workspace) -> str:
    return "A run is in work." if workspace.active is not None else ""


def _start(workspace: Workspace) -> str:
    return _in_work(workspace) or (workspace.complaints[0].title if workspace.complaints else "")


def _check(workspace: Workspace) -> str:
    return _start(workspace) or ("A check is under way." if workspace.checking.busy else "")


def _stop(workspace: Workspace) -> str:
    if workspace.active is None:
        return "No run is in work."
    return "The run is stopping." if workspace.active.stopping else ""


def _resume(workspace: Workspace) -> str:
    run = workspace.summary(workspace.selected) if workspace.selected else None
    if run is None or not run.resumable:
        return "The selected run cannot go on from a checkpoint."
    return _in_work(workspace)


def _stops_after_epoch(workspace: Workspace) -> bool:
    return workspace.active is not None and workspace.active.stops_after_epoch


def _evaluate(parent: QWidget, workspace: Workspace) -> None:
    from workbench.gui.evaluation.dialog import open_evaluation  # what few ask for, no start waits for

    open_evaluation(workspace, workspace.selected or "", parent)


def _search(parent: QWidget, workspace: Workspace) -> None:
    from workbench.gui.search.dialog import open_search

    open_search(workspace, parent)


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that can be done. `menu` is the menu it stands in; `rule` puts a line above it;
    `obstacle` says from the workspace why it cannot be done now, and nothing when it can; `checked` makes it a
    switch."""

    id: str
    menu: str
    title: str
    help: str
    run: Callable[[Desk], object]
    shortcut: str = ""
    icon: str = ""
    rule: bool = False
    obstacle: Callable[[Workspace], str] = _none
    checked: Callable[[Workspace], bool] | None = None


COMMANDS: tuple[Command, ...] = (
    Command(
        "data.open", "&File", "&Open data…", "Choose files to learn from: CSV, Excel, JSON, Parquet, text and more.",
        lambda d: d.choose_data_file(), "Ctrl+O", "file",
    ),
    Command(
        "recipe.open", "&File", "Open &recipe…", "Take a saved recipe in hand.",
        lambda d: d.choose_recipe_file(), "Ctrl+Shift+O", "runs",
    ),
    Command(
        "recipe.save", "&File", "&Save recipe…", "Save the recipe in hand as a file.",
        lambda d: d.save_recipe_file(), "Ctrl+S", "download",
    ),
    Command(
        "plots.export", "&File", "&Export all plots…", "Write every plot as picture and table into a folder.",
        lambda d: d.export_all(), "Ctrl+E", "export", rule=True,
    ),
    Command(
        "home.open", "&File", "Open runs &folder", "Show the folder of all runs in the file manager.",
        lambda d: d.open_home(), "", "folder",
    ),
    Command(
        "settings", "&File", "Se&ttings…", "Change how the program looks and behaves.",
        lambda d: d.open_settings(), "Ctrl+,", "sliders", rule=True,
    ),
    Command("quit", "&File", "&Quit", "Close the window.", lambda d: d.close(), "Ctrl+Q", "close"),
    Command(
        "run.check", "&Run", "&Check", "Say whether a run of the recipe fits and how long it takes.",
        lambda d: d.check(), "Ctrl+Shift+Return", "gauge", obstacle=_check,
    ),
    Command(
        "run.start", "&Run", "&Start", "Start a run of the recipe in hand.",
        lambda d: d.start(), "Ctrl+Return", "play", obstacle=_start,
    ),
    Command(
        "run.pause", "&Run", "&Pause or go on", "Pause the run in work, or let it go on.",
        lambda d: d.workspace.toggle_pause(), "Ctrl+P", "pause", obstacle=pause_obstacle,
    ),
    Command(
        "run.stop", "&Run", "S&top now", "Stop the run in work within a step; it saves first and can be resumed.",
        lambda d: d.workspace.stop(), "Ctrl+.", "stop", obstacle=_stop,
    ),
    Command(
        "run.stop_epoch", "&Run", "Stop after this &epoch", "End the run in work when the present epoch is over.",
        lambda d: d.workspace.stop_after_epoch(not _stops_after_epoch(d.workspace)), "Ctrl+Shift+E",
        obstacle=order_obstacle, checked=_stops_after_epoch,
    ),
    Command(
        "run.resume", "&Run", "&Resume", "Go on with the selected run from its newest checkpoint.",
        lambda d: d.workspace.resume(d.workspace.selected or ""), "Ctrl+R", "resume", obstacle=_resume,
    ),
    Command(
        "run.save", "&Run", "Sa&ve now", "Write a checkpoint of the run in work that is never deleted.",
        lambda d: d.workspace.save_now(), "Ctrl+Shift+S", "save", rule=True, obstacle=order_obstacle,
    ),
    Command(
        "run.measure", "&Run", "&Measure now", "Measure the held-out rows of the run in work.",
        lambda d: d.workspace.measure_now(), "Ctrl+M", "measure", obstacle=measure_obstacle,
    ),
    Command(
        "run.rate", "&Run", "Change &learning rate…", "Use another peak learning rate from the next step on.",
        lambda d: d.change_rate(), "Ctrl+Shift+L", "rate", obstacle=order_obstacle,
    ),
    Command(
        "run.evaluate", "&Run", "Eval&uate a language model…",
        "Ask held-out questions of a run or model, beside another.",
        lambda d: _evaluate(cast("QWidget", d), d.workspace), "", "measure", rule=True,
    ),
    Command(
        "run.search", "&Run", "Search, &folds, more rows…",
        "Try several settings by itself, cross-validate, or see whether more rows would help.",
        lambda d: _search(cast("QWidget", d), d.workspace), "Ctrl+Shift+H", "search",
    ),
    Command(
        "run.follow", "&Run", "F&ollow a run elsewhere…",
        "Show a run in another folder or on another machine, live; it is only read.",
        lambda d: ask_for_run(cast("QWidget", d), d.workspace.elsewhere.invite), "Ctrl+Shift+F", "layers",
    ),
    Command(
        "recipe.advanced", "&Run", "&Advanced fields", "Fold or unfold the advanced fields of the recipe.",
        lambda d: d.toggle_advanced(), "Ctrl+Shift+A", "sliders", rule=True,
    ),
    Command(
        "page.data", "&View", "&Data", "What the model learns from.",
        lambda d: d.show_page("data"), "Ctrl+1", "data",
    ),
    Command(
        "page.train", "&View", "&Train", "How learning goes.",
        lambda d: d.show_page("train"), "Ctrl+2", "train",
    ),
    Command(
        "page.evaluate", "&View", "&Evaluate", "How good the model is, and on which rows it is wrong.",
        lambda d: d.show_page("evaluate"), "Ctrl+3", "measure",
    ),
    Command(
        "page.compare", "&View", "&Compare", "Runs beside each other: what differs, and what came out.",
        lambda d: d.show_page("compare"), "Ctrl+4", "layers",
    ),
    Command(
        "page.attention", "&View", "&Attention", "What the model looks at.",
        lambda d: d.show_page("attention"), "Ctrl+5", "attention",
    ),
    Command(
        "page.prompt", "&View", "&Prompt", "Try the model.",
        lambda d: d.show_page("prompt"), "Ctrl+6", "prompt",
    ),
    Command(
        "runs.focus", "&View", "&Runs shelf", "Go to the list of runs.",
        lambda d: d.focus_runs(), "Ctrl+L", "runs", rule=True,
    ),
    Command(
        "theme.light", "&View", "&Light", "Use the light appearance.",
        lambda d: d.set_theme("light"), "", "light", rule=True,
    ),
    Command("theme.dark", "&View", "Dar&k", "Use the dark appearance.", lambda d: d.set_theme("dark"), "", "dark"),
    Command(
        "theme.system", "&View", "As the s&ystem", "Follow the desktop's appearance.",
        lambda d: d.set_theme("system"), "", "system",
    ),
    Command(
        "palette", "&Help", "&Commands…", "Find and do anything by name.",
        lambda d: d.open_palette(), "Ctrl+K", "search",
    ),
    Command(
        "about", "&Help", "&About", "What this program is, and its versions.",
        lambda d: d.about(), "", "info",
    ),
)  # fmt: skip


def build_menus(window: QMainWindow, desk: Desk) -> dict[str, QAction]:
    """Fill the window's menu bar from the table; the actions by command id."""
    actions: dict[str, QAction] = {}
    menus: dict[str, QMenu] = {}
    for command in COMMANDS:
        if command.menu not in menus:
            menus[command.menu] = window.menuBar().addMenu(command.menu)
            menus[command.menu].setToolTipsVisible(True)  # they say why something cannot be done
        menu = menus[command.menu]
        if command.rule:
            menu.addSeparator()
        action = QAction(command.title, window)
        action.setCheckable(command.checked is not None)
        if command.shortcut:
            action.setShortcut(QKeySequence(command.shortcut))
        if command.icon:
            keep_icon(action, command.icon)
        action.triggered.connect(lambda _=False, command=command: command.run(desk))
        menu.addAction(action)
        actions[command.id] = action
    return actions


def refresh_actions(actions: dict[str, QAction], workspace: Workspace) -> None:
    """Enable what can be done now, and say of the rest why not."""
    for command in COMMANDS:
        action, reason = actions[command.id], command.obstacle(workspace)
        action.setEnabled(not reason)
        action.setToolTip(f"{command.help} {reason}".strip())
        action.setStatusTip(action.toolTip())
        if command.checked is not None:
            action.setChecked(command.checked(workspace))
