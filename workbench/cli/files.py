"""Writing the files that a person named, whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from workbench.run.problem import bad_input


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
