"""The shelf costs the window nothing before it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import workbench


def test_importing_the_shelf_loads_no_heavy_library() -> None:
    """Not PyArrow, the tokenizers or the Hub client, let alone torch or Qt."""
    names = [
        p.stem for p in (Path(workbench.__file__).parent / "shelf").glob("*.py") if p.stem != "class_labels"
    ]
    script = (
        f"import sys\nfor name in {names}:\n    __import__(f'workbench.shelf.{{name}}')\n"
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
