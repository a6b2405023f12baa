"""The same recipe under torchrun: two processes, one journal, the same losses as one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.conftest import Run
from workbench.run.events import Ended, Evaluated, Step
from workbench.run.folder import RunFolder, run_folders
from workbench.run.home import Home
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import recipe_toml


def test_two_processes_train_as_one_and_rank_0_writes(
    run: Run, recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    chosen = recipe("training.epochs=1", "training.precision=fp32", "training.batch_size=20")
    # Dropout draws other masks in each process; without it the losses must agree.
    config = Path(chosen.model.source) / "config.json"
    folder = tmp_path / "model"
    folder.mkdir()
    for file in config.parent.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    values = json.loads(config.read_text())
    values |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(values))
    chosen = chosen.model_copy(update={"model": chosen.model.model_copy(update={"source": str(folder)})})
    _, alone = run(chosen)

    file = tmp_path / "recipe.toml"
    file.write_text(recipe_toml(chosen), encoding="utf-8")
    home = tmp_path / "two"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, "-m", "workbench", "--home", str(home), "train", str(file), "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["status"] == "finished"
    folders = run_folders(Home(home))
    assert len(folders) == 1
    together = _events(folders[0])
    assert sum(isinstance(event, Ended) for event in together) == 1
    for a, b in zip(_steps(alone), _steps(together), strict=True):
        assert b.loss == pytest.approx(a.loss, rel=1e-4)
        assert b.gradient_norm == pytest.approx(a.gradient_norm, rel=1e-3)
    last = [[e for e in events if isinstance(e, Evaluated)][-1].metrics for events in (alone, together)]
    assert last[1]["loss"] == pytest.approx(last[0]["loss"], rel=1e-4)
    assert (folders[0].model / "model.safetensors").is_file()


def _events(folder: RunFolder) -> list[object]:
    from workbench.run.journal import read_journal

    return list(read_journal(folder.journal_file))


def _steps(events: list[object]) -> list[Step]:
    return [event for event in events if isinstance(event, Step)]
