"""The one style sheet, generated from the palette's tokens. Widgets ask for a look by dynamic properties:
`role` (primary, card, title, muted, ...) and `tone` (good, warning, bad, accent, neutral)."""

from __future__ import annotations

from string import Template

from workbench.gui import theme as t
from workbench.gui.icons import ICONS

_SHEET = Template("""
QWidget { color: $text; }
QMainWindow, QDialog, QWidget[role="page"] { background: $background; }
QToolTip { background: $text; color: $surface; border: 0; padding: 6px 8px; border-radius: 4px; }

QFrame[role="card"] { background: $surface; border: 1px solid $line; border-radius: ${radius}px; }
QFrame[role="bar"] { background: $surface; border: 0; border-bottom: 1px solid $line; }
QFrame[role="foot"] { background: $surface; border: 0; border-top: 1px solid $line; }
QFrame[role="side"] { background: $background; border: 0; border-right: 1px solid $line; }
QFrame[role="rule"] { background: $line; border: 0; max-height: 1px; min-height: 1px; }
QFrame[role="banner"] { border-radius: ${radius}px; border: 1px solid $bad_line; background: $bad_soft; }
QFrame[role="banner"][tone="warning"] { border-color: $warning_line; background: $warning_soft; }

QLabel { background: transparent; }
QLabel[role="title"] { font-size: ${title_px}px; font-weight: 600; }
QLabel[role="headline"] { font-size: ${headline_px}px; font-weight: 600; }
QLabel[role="section"] { font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="caption"] { color: $muted; font-size: ${small_px}px; }
QLabel[role="caption"][changed="true"] { color: $accent; }
QLabel[role="complaint"] { color: $bad; font-size: ${small_px}px; }
QLabel[role="badge"] { font-size: ${small_px}px; padding: 2px 8px; border-radius: ${badge}px;
    background: $raised; color: $muted; }
QLabel[role="badge"][tone="good"] { background: $good_soft; color: $good; }
QLabel[role="badge"][tone="warning"] { background: $warning_soft; color: $warning; }
QLabel[role="badge"][tone="bad"] { background: $bad_soft; color: $bad; }
QLabel[role="badge"][tone="accent"] { background: $selection; color: $accent; }

QPushButton, QToolButton { background: $surface; border: 1px solid $line; border-radius: ${radius_small}px;
    padding: 0 12px; }
QPushButton { min-height: ${inner}px; }
QPushButton:hover, QToolButton:hover { background: $raised; }
QPushButton:pressed, QToolButton:pressed { background: $line; }
QPushButton:focus, QToolButton:focus { border-color: $accent; outline: 0; }
QPushButton:disabled, QToolButton:disabled { color: $disabled; background: transparent; }
QPushButton::menu-indicator, QToolButton::menu-indicator { image: none; width: 0; }
QPushButton[role="primary"] { background: $accent; border-color: $accent; color: $accent_text; font-weight: 600; }
QPushButton[role="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[role="primary"]:pressed { background: $accent_press; }
QPushButton[role="primary"]:focus { border-color: $text; }
QPushButton[role="primary"]:disabled { background: $raised; border-color: $raised; color: $disabled; }
QPushButton[role="danger"] { color: $bad; }
QPushButton[role="class"] { padding: 0; }
QPushButton:checked { background: $selection; border-color: $accent; }
QPushButton[role="class"][guess="true"] { border: 1px dashed $accent; }
QPushButton[role="link"] { background: transparent; border-color: transparent; color: $accent; padding: 0 6px; }
QPushButton[role="link"]:hover { background: $raised; }
QPushButton[role="link"]:focus { border-color: $accent; }
QToolButton[role="icon"] { background: transparent; border-color: transparent; padding: 0; }
QToolButton[role="icon"]:hover, QToolButton[role="icon"]:checked { background: $raised; }
QToolButton[role="icon"]:focus { border-color: $accent; }
QToolButton[role="fold"] { background: transparent; border-color: transparent; color: $muted; padding: 3px 4px; }
QToolButton[role="fold"][strong="true"] { color: $text; font-weight: 600; }
QToolButton[role="fold"]:hover { color: $text; background: $raised; }
QToolButton[role="fold"]:focus { border-color: $accent; }
QFrame[role="segmented"] { background: $raised; border: 0; border-radius: ${radius}px; }
QToolButton[role="segment"] { background: transparent; border: 1px solid transparent; color: $muted;
    border-radius: ${radius_small}px; padding: 0 12px; min-height: ${segment}px; }
QFrame[dense="true"] QToolButton[role="segment"] { padding: 0 4px; }
QToolButton[role="segment"]:hover { color: $text; }
QToolButton[role="segment"]:checked { background: $chosen; color: $text; border-color: $line; }
QToolButton[role="segment"]:focus { border-color: $accent; }
QToolButton[role="segment"]:disabled { color: $disabled; }
QToolButton[role="kind"] { background: transparent; border: 1px solid $line; color: $muted;
    border-radius: ${radius_small}px; padding: 1px 7px 1px 5px; font-size: 11px; }
QToolButton[role="kind"]:hover { color: $text; }
QToolButton[role="kind"]:checked { background: $selection; color: $text; border-color: $line_strong; }
QToolButton[role="kind"]:focus { border-color: $accent; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QAbstractSpinBox { background: $field;
    border: 1px solid $line; border-radius: ${radius_small}px; padding: 0 8px; min-height: ${inner}px;
    selection-background-color: $accent; selection-color: $accent_text; }
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: $line_strong; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QComboBox:on, QPlainTextEdit:focus, QTextEdit:focus {
    border-color: $accent; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: $disabled; background: $background; }
QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"], QComboBox[invalid="true"] { border-color: $bad; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: 0; background: transparent; width: 18px; }
QAbstractSpinBox::up-arrow { image: url("$icons/arrow-up.svg"); width: 10px; height: 10px; }
QAbstractSpinBox::down-arrow { image: url("$icons/arrow-down.svg"); width: 10px; height: 10px; }
QAbstractSpinBox { max-height: ${inner}px; }
QComboBox { padding-right: 20px; }
QComboBox::drop-down { border: 0; width: 22px; }
QComboBox::down-arrow { image: url("$icons/arrow-down.svg"); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $line; padding: 4px; outline: 0;
    selection-background-color: $selection; selection-color: $text; }
QComboBox QAbstractItemView::item { min-height: 26px; padding: 0 6px; border-radius: 4px; }
QPlainTextEdit, QTextEdit { background: $field; border: 1px solid $line; border-radius: ${radius_small}px;
    padding: 6px; selection-background-color: $accent; selection-color: $accent_text; }
QPlainTextEdit[role="plain"], QTextBrowser[role="plain"] { border: 0; border-radius: 0; padding: 0;
    background: transparent; }
QLineEdit[role="cell"], QComboBox[role="cell"] { min-height: 0; border-radius: 0; border-color: $accent; }
QFrame[role="chip"] { border-radius: ${radius_small}px; border: 1px solid $warning_line; background: $warning_soft; }
QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox::indicator, QListView[role="ticks"]::indicator, QTableView[role="ticks"]::indicator {
    width: 16px; height: 16px; border: 1px solid $line_strong; border-radius: 4px;
    background: $field; }
QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid $line_strong; border-radius: 8px;
    background: $field; }
QRadioButton::indicator:focus { border-color: $accent; }
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 5px solid $accent; background: $accent_text; }
QRadioButton::indicator:checked:focus { border-color: $accent_hover; }
QRadioButton::indicator:disabled { border-color: $line; background: $background; }
QCheckBox::indicator:focus { border-color: $accent; }
QCheckBox::indicator:checked, QListView[role="ticks"]::indicator:checked,
QTableView[role="ticks"]::indicator:checked {
    background: $accent; border-color: $accent; image: url("$icons/$tick.svg"); }
QCheckBox::indicator:disabled { background: $background; border-color: $line; }
QSlider { min-height: 20px; background: transparent; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $line; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: $accent; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
    background: $accent; border: 0; }
QSlider::handle:horizontal:focus { background: $text; }
QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled { background: $line_strong; }

QAbstractItemView { background: $surface; border: 0; outline: 0; selection-background-color: $selection;
    selection-color: $text; alternate-background-color: $background; }
QTableView { gridline-color: $line; }
QTableView::item { padding: 2px 8px; }
QHeaderView { background: $surface; border: 0; }
QHeaderView::section { background: $surface; color: $muted; border: 0; border-bottom: 1px solid $line;
    padding: 5px 11px; font-weight: 400; }
QHeaderView::section:vertical { border-bottom: 0; padding: 0 8px; }
QHeaderView::down-arrow { image: url("$icons/arrow-down.svg"); width: 10px; height: 10px; right: 6px; }
QHeaderView::up-arrow { image: url("$icons/arrow-up.svg"); width: 10px; height: 10px; right: 6px; }
QAbstractScrollArea::corner { background: transparent; border: 0; }
QTableCornerButton::section { background: $surface; border: 0; border-bottom: 1px solid $line; }
QScrollArea, QScrollArea > QWidget > QWidget[role="scrolled"] { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $line_strong; border-radius: 3px; margin: 2px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
    background: transparent; border: 0; width: 0; height: 0; }

QMenuBar { background: $surface; padding: 1px 6px; }
QMenuBar::item { background: transparent; padding: 4px 8px; border-radius: 4px; }
QMenuBar::item:selected { background: $raised; }
QMenu { background: $surface; border: 1px solid $line; padding: 5px; }
QMenu::item { padding: 5px 24px 5px 10px; border-radius: 4px; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $line; margin: 5px 6px; }
QMenu::icon { padding-left: 8px; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $line; }
QProgressBar { background: $line; border: 0; border-radius: 2px; min-height: 4px; max-height: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QListView[role="plain"], QTreeView[role="plain"] { background: transparent; }
QTreeView[role="plain"]::item { padding: 4px 2px; }
QListView[role="ticks"] { background: $field; border: 1px solid $line; border-radius: ${radius_small}px; padding: 3px; }
QListView[role="ticks"]:focus { border-color: $accent; }
QListView[role="ticks"][invalid="true"] { border-color: $bad; }
QListView[role="ticks"]::item { min-height: 24px; padding: 0 4px; }
QListView[role="plain"]::item { border-radius: ${radius_small}px; }
QGraphicsView { border: 0; background: transparent; }
""")


def style_sheet(palette: t.Palette) -> str:
    """The style sheet of a palette."""
    dark = palette.name == "dark"
    return _SHEET.substitute(
        {name: getattr(palette, name) for name in palette.__slots__},
        field=palette.background if dark else palette.surface,
        chosen=palette.line if dark else palette.surface,
        line_strong=t.mixed(palette.muted, palette.line, 0.35),
        disabled=palette.blend("muted", 0.55),
        accent_hover=t.mixed(palette.accent, palette.text, 0.88),
        accent_press=t.mixed(palette.accent, palette.text, 0.75),
        **{f"{name}_soft": palette.blend(name, 0.12) for name in ("good", "warning", "bad")},
        **{f"{name}_line": palette.blend(name, 0.4) for name in ("warning", "bad")},
        radius=t.RADIUS,
        radius_small=t.RADIUS_SMALL,
        title_px=t.FONT_TITLE,
        headline_px=t.FONT_HEADLINE,
        small_px=t.FONT_SMALL,
        inner=t.CONTROL_HEIGHT - 2,
        badge=t.FONT_SMALL // 2 + 3,
        segment=t.CONTROL_HEIGHT - 6,
        icons=ICONS.as_posix(),
        tick="tick-dark" if dark else "tick-light",
    )
