"""Typing on the Attention page while its maps follow: how late the window is, and how soon the answer is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from smoothness import Ticks, open_window, print_ticks, spin, wait

_TYPED = "and then we saw the film again with an old friend"
_PAUSE = 120  # ms from key to key; every tenth pause is long enough for an answer to be asked for and to come
_REST = 1000


def typing(folder: Path, text_of: Callable[[int], str]) -> None:
    """In the Heads view at 40 and 500 words, and in the Edit view at 40."""
    with open_window(folder) as bench:
        bench.window.resize(1600, 1000)
        bench.window.show_page("attention")
        wait(lambda: bench.window.centre.pane("attention") is not None, "the page")
        pane: Any = bench.window.centre.pane("attention")
        for key, words in (("heads", 40), ("edit", 40), ("heads", 500)):
            pane.show_view(key)
            pane.question.set_text(text_of(words))
            wait(lambda: not pane.view.asking, "the first maps")
            spin(2)
            line = pane.view.line if key == "edit" else pane.question.line
            what = f"{key}, {words} words"
            late, keys, answer = type_into(line, pane.view)
            print_ticks(f"{what}: the 10 ms timer while typing", late)
            print(
                f"  a key: median {np.median(keys):.1f}, worst {max(keys):.1f} ms; from the last key to the maps"
                f" {answer:.2f} s"
            )


def type_into(line: QLineEdit, view: Any) -> tuple[list[float], list[float], float]:
    """The ticks' lateness in ms, what each key took in ms, and how many seconds after the last the maps are there."""
    line.setFocus()
    line.end(False)
    left, keys, ticks = list(" " + _TYPED), [], Ticks(why=False)

    def press() -> None:
        begun = time.perf_counter()
        QTest.keyClicks(line, left.pop(0))
        keys.append(1000 * (time.perf_counter() - begun))
        if left:
            QTimer.singleShot(_REST if len(left) % 10 == 0 else _PAUSE, press)

    ticks.start()
    press()
    wait(lambda: not left, "the keys")
    done = time.perf_counter()
    answered: list[float] = []
    look = QTimer()
    asked = [False]

    def watch() -> None:
        asked[0] = asked[0] or view.asking
        if asked[0] and not view.asking and not answered:
            answered.append(time.perf_counter() - done)

    look.timeout.connect(watch)
    look.start(5)
    wait(lambda: bool(answered), "the last maps")
    spin(0.3)
    look.stop()
    return ticks.stop(), keys, answered[0]
