"""The names that people give to the sides of a data set, in a column or as names of files."""

from __future__ import annotations

import re
from pathlib import PurePath

#: How people name the sides in a column; compared in small letters, with hyphens for blanks and underscores.
SIDE_OF = {
    **dict.fromkeys(("train", "training", "tr", "learn", "fit"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "development", "eval", "evaluation"), "validation"),
    **dict.fromkeys(("held-out", "heldout", "hold-out", "holdout"), "validation"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
_FILE = re.compile(r"[/\\]|\.[a-z0-9]{1,8}$")


def side_of(name: str | None) -> str | None:
    """The side that a name stands for: "train", "validation" or "test"; None where it names none, or several.

    A file's name may say more, such as “reviews-train-00000-of-00002.parquet”.
    """
    plain = (name or "").strip().casefold().replace(" ", "-").replace("_", "-")
    side = SIDE_OF.get(plain)
    if side is not None or not _FILE.search(plain):
        return side
    stem = PurePath(plain.replace("\\", "/")).name.partition(".")[0]
    words = re.split(r"[^a-z]+", stem.replace("held-out", "heldout").replace("hold-out", "holdout"))
    sides = {SIDE_OF[word] for word in words if len(word) > 2 and word in SIDE_OF}
    return sides.pop() if len(sides) == 1 else None
