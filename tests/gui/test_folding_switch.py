"""A switch in a narrow window: what does not fit is in a menu, and can still be chosen."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from workbench.gui.widgets import FoldingSwitch

ROWS = [(key, f"The {key} of them", "", f"Shows the {key}.") for key in ("first", "second", "third", "last")]


def test_what_does_not_fit_is_in_a_menu_until_there_is_room_again(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    switch = FoldingSwitch(ROWS, "View")
    line = QHBoxLayout(window)
    line.setContentsMargins(0, 0, 0, 0)
    line.addWidget(switch)
    line.addStretch(1)
    chosen: list[str] = []
    switch.chosen.connect(chosen.append)
    window.resize(switch.sizeHint().width() + 50, 60)
    window.show()
    assert switch.folded() == [] and switch.more.isHidden()

    window.resize(switch.sizeHint().width() - 10, 60)
    qtbot.waitUntil(lambda: bool(switch.folded()))
    assert switch.folded()[-1] == "last" and "first" not in switch.folded()
    assert switch.more.isVisible() and switch.more.geometry().right() <= switch.width()
    shown = [action for action in switch.more.menu().actions() if action.isVisible()]
    assert [action.text() for action in shown] == [f"The {key} of them" for key in switch.folded()]
    shown[-1].trigger()
    assert chosen == ["last"] and switch.current() == "last"
    assert switch.more.text().startswith("The last of them") and switch.more.isChecked()

    window.resize(3000, 60)
    qtbot.waitUntil(lambda: switch.folded() == [])
    assert switch.more.isHidden() and switch.button("last").isChecked()
