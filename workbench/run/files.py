"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from workbench.run.problem import bad_input


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that a full disk or a crash leaves the old content, never half of the new.

    Raises:
        OSError: When it cannot be written; no draft is left behind.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def writing(path: Path, mode: str = "w", *, newline: str | None = None) -> Iterator[IO[Any]]:
    """An open file that takes the place of `path` once everything is in it.

    Raises:
        WorkbenchError: When it cannot be written, naming it.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    encoding = None if "b" in mode else "utf-8"
    try:
        try:
            with draft.open(mode, encoding=encoding, newline=newline) as file:
                yield file
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise bad_input(
            f"The file {path} cannot be written.",
            f"The system says: {error.strerror or error}.",
            "Choose another place, or make the folder first.",
        ) from error
