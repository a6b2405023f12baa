"""Running commands in this process, and one trained run to ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workbench.cli.main import main


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON value that it must be."""
        return json.loads(self.out)


Cli = Callable[..., Said]

#: A run of a tiny model that learns its classes in about a second.
QUICK = ("training.learning_rate=0.005", "training.epochs=20", "training.precision=fp32", "training.seed=1")


def settings(*overrides: str) -> list[str]:
    """Overrides as arguments."""
    return [part for override in overrides for part in ("--set", override)]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command; whatever it is, no traceback may be shown."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(code, out, err)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path, tiny_csv: Path) -> Path:
    """A home with one finished run, called topics."""
    home = tmp_path_factory.mktemp("trained")
    overrides = settings(f"model.source={tiny_bert}", *QUICK)
    assert main(["train", str(tiny_csv), *overrides, "--name", "topics", "--home", str(home)]) == 0
    return home
