"""What the scripts that render the pictures share: waiting for the real window, and taking it in both themes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PIL import Image
from PySide6.QtCore import QDeadlineTimer, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from workbench.gui.app import Bench
from workbench.gui.snapshot import SIZE
from workbench.gui.theme import MODES, theme


class Photographer:
    """Leads the real window, and takes pictures of it."""

    def __init__(self, bench: Bench, app: QApplication, out: Path) -> None:
        self.bench, self.workspace = bench, bench.workspace
        self._app, self._out = app, out
        bench.window.resize(SIZE)
        bench.window.show()
        self.wait(lambda: self.workspace.device is not None and not self.workspace.data_busy)

    def shoot(self, name: str, *, shades: bool = False, of: QWidget | None = None) -> None:
        """Write NAME-light.png and NAME-dark.png, with all shades where a heatmap needs them; of another window than
        the workbench's where one is given."""
        for mode in MODES[:2]:
            theme().apply(self._app, mode)
            self.idle(1500)
            file = self._out / f"{name}-{mode}.png"
            (of or self.bench.window).grab().save(str(file))
            if shades:
                continue
            # A third of the bytes, and no colour that an eye could tell from before: those that most pixels have, and
            # some that are spread over the rest, such as that of a star.
            with Image.open(file) as picture:
                every = picture.convert("RGB")
            counts = sorted(every.getcolors(1 << 24), reverse=True)
            spread = every.quantize(64, method=Image.Quantize.MAXCOVERAGE).getpalette()[: 3 * 64]
            palette = Image.new("P", (1, 1))
            palette.putpalette([*(part for _, colour in counts[:192] for part in colour), *spread])
            few = every.quantize(palette=palette, dither=Image.Dither.NONE)
            few.save(file, optimize=True)

    def wait(self, condition: Callable[[], object], seconds: float = 180) -> None:
        """Until something has come true."""
        deadline = QDeadlineTimer(int(1000 * seconds))
        while not condition():
            if deadline.hasExpired():
                raise SystemExit(f"The window had nothing to show after {seconds:.0f} seconds.")
            self.idle(30)

    def idle(self, milliseconds: int) -> None:
        """Let layouts, drawings and animations come to rest."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()
