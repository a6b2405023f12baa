"""Renders the picture of a report in a browser: its beginning, and beside it what it says of the classes and rows.

Run it in the repository's root: `python docs/pictures/report_page.py REPORT.html [FOLDER]`. It needs Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: What stands at the head of the right half.
RIGHT = "Each class"
#: Pixels of the window, and of each half of the picture.
WINDOW, HALF = (880, 1100), (720, 900)
_NONE = "display:none"


def without_beginning(report: str, title: str) -> str:
    """The report from the section of this title on."""
    before = report.partition(f"<h2>{title}</h2>")[0].count("<section")
    if not before:
        raise SystemExit(f"The report has no section “{title}”.")
    hidden = f"h1,.lead,section:nth-of-type(-n+{before - 1}){{{_NONE}}}main{{padding-top:0}}"
    return report.replace("</style>", f"{hidden}</style>", 1)


def photographed(browser: str, report: str, folder: Path, name: str) -> Image.Image:
    """The top of a page as the browser draws it."""
    page, picture = folder / f"{name}.html", folder / f"{name}.png"
    page.write_text(report, encoding="utf-8")
    fixed = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
    subprocess.run(
        [browser, *fixed, f"--user-data-dir={folder / 'profile'}", "--blink-settings=preferredColorScheme=1",
         f"--window-size={WINDOW[0]},{WINDOW[1]}", f"--screenshot={picture}", page.as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    with Image.open(picture) as found:
        return found.convert("RGB").crop((0, 0, *WINDOW)).resize(HALF, Image.Resampling.LANCZOS)


def main() -> None:
    """Write the picture beside this file, or into the folder that is named."""
    report = Path(sys.argv[1]).read_text(encoding="utf-8")
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit("No Chromium is installed.")
    both = Image.new("RGB", (2 * HALF[0], HALF[1]))
    with tempfile.TemporaryDirectory() as folder:
        halves = {"left": report, "right": without_beginning(report, RIGHT)}
        for place, (name, half) in enumerate(halves.items()):
            both.paste(photographed(browser, half, Path(folder), name), (place * HALF[0], 0))
    few = both.quantize(256, dither=Image.Dither.NONE)
    few.save(out / "report-light.png", optimize=True)


if __name__ == "__main__":
    main()
