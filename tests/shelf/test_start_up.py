"""Shelf and data cost the window nothing before they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import workbench


def test_importing_shelf_and_data_loads_no_heavy_library() -> None:
    """Not PyArrow, the tokenizers or the Hub client, let alone torch or Qt."""
    floors = Path(workbench.__file__).parent
    names = [
        f"workbench.{floor}.{path.stem}"
        for floor in ("shelf", "data")
        for path in (floors / floor).glob("*.py")
        if path.stem != "class_labels"
    ]
    script = (
        f"import sys\nfor name in {names}:\n    __import__(name)\n"
        "heavy = {'torch', 'transformers', 'PySide6', 'pyarrow', 'tokenizers', 'safetensors', 'huggingface_hub'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(workbench.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
