"""The building blocks of the window: surfaces, labels, controls and small pictures, all in the theme's look."""

from workbench.gui.widgets.controls import GhostButton, IconButton, PrimaryButton, Segmented
from workbench.gui.widgets.folding_switch import FoldingSwitch
from workbench.gui.widgets.labels import (
    Badge,
    ElidedLabel,
    Label,
    Mono,
    Muted,
    Title,
    explain_widget,
    restyle,
    show_if,
)
from workbench.gui.widgets.numbers import FloatBox, IntBox
from workbench.gui.widgets.painted import BarList, Sparkline
from workbench.gui.widgets.surfaces import Card, EmptyState, FoldSection, Rule, column, row, scrolled, tall

__all__ = [
    "Badge",
    "BarList",
    "Card",
    "ElidedLabel",
    "EmptyState",
    "FloatBox",
    "FoldSection",
    "FoldingSwitch",
    "GhostButton",
    "IconButton",
    "IntBox",
    "Label",
    "Mono",
    "Muted",
    "PrimaryButton",
    "Rule",
    "Segmented",
    "Sparkline",
    "Title",
    "column",
    "explain_widget",
    "restyle",
    "row",
    "scrolled",
    "show_if",
    "tall",
]
