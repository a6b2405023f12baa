"""What a run keeps on the disk while it trains: the best weights, checkpoints, and samples for the report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from workbench.engine import checkpoints
from workbench.engine.loading import load_weights
from workbench.engine.task import Goods, Measurement, Task
from workbench.run.files import write_whole


class Keeper:
    """Writes into one run folder."""

    def __init__(self, folder: Path, task: Task, goods: Goods, card: str, checkpoints_kept: int) -> None:
        self._folder, self._card, self._kept = folder, card, checkpoints_kept
        self._tokenizer = task.saved_tokenizer(goods.tokenizer)

    def keep_model(self, model: torch.nn.Module, measured: Measurement | None, step: int) -> None:
        """Make these the chosen weights, with their held-out numbers on the card."""
        card = self._card + (_numbers(measured.metrics, step) if measured else "")
        checkpoints.save_model(model, self._tokenizer, self._folder / "model", card)
        if measured and measured.samples:
            self._write_samples(measured.samples)

    def load_model_into(self, model: torch.nn.Module) -> None:
        """Give a model the weights that were chosen last."""
        chosen = load_weights(type(model), self._folder / "model")
        model.load_state_dict(chosen.state_dict())

    def keep_checkpoint(
        self,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        scaler: Any,
        position: checkpoints.Position,
    ) -> Path:
        """Write a checkpoint, drop the oldest ones, and return its folder."""
        where = self._folder / "checkpoints"
        path = checkpoints.save_checkpoint(where, model, self._tokenizer, optimizer, scaler, position)
        checkpoints.prune(where, self._kept)
        return path

    def keep_writing(self, when: Literal["before", "after"], samples: Sequence[Mapping[str, str]]) -> None:
        """Remember what the model writes before and after training; prompts are the same both times."""
        if not samples:
            return
        known: dict[str, dict[str, str]] = {}
        if self._samples_file.exists():
            known = {row["prompt"]: row for row in json.loads(self._samples_file.read_text(encoding="utf-8"))}
        self._write_samples(
            [{**known.get(s["prompt"], {}), "prompt": s["prompt"], when: s["text"]} for s in samples]
        )

    @property
    def _samples_file(self) -> Path:
        return self._folder / "samples.json"

    def _write_samples(self, samples: Sequence[Mapping[str, object]]) -> None:
        text = json.dumps(list(samples), ensure_ascii=False, indent=1)
        write_whole(self._samples_file, text)


def _numbers(metrics: dict[str, float], step: int) -> str:
    lines = "\n".join(f"| {name} | {value:.4f} |" for name, value in metrics.items())
    return f"\n## Held-out measurement at step {step}\n\n| metric | value |\n| --- | --- |\n{lines}\n"
