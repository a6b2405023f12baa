"""What a run keeps on the disk while it trains: the best weights, checkpoints, and samples for the report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from workbench.engine import checkpoints
from workbench.engine.checkpoints import Snapshot
from workbench.engine.damage import MARK, TRAINED, mend_checkpoints, prune
from workbench.engine.frozen import Content, model_files, tokenizer_files
from workbench.engine.loading import load_weights
from workbench.engine.task import Goods, Measurement, Task
from workbench.engine.writer import Writer, mend, replace_file
from workbench.run.events import CheckpointSaved
from workbench.run.files import write_whole


class Keeper:
    """Writes into one run folder, beside the training; everything becomes durable in the order it was given.

    What cannot be written is kept in memory: `trouble` tells, `retry` tries again. Nothing here raises `OSError`
    but `load_model_into`.
    """

    def __init__(self, folder: Path, task: Task, goods: Goods, card: str, checkpoints_kept: int) -> None:
        self.folder, self._card, self._kept = folder, card, checkpoints_kept
        self._tokenizer = task.saved_tokenizer(goods.tokenizer)
        self._tokenizer_files: dict[str, Content] = {}
        self._writer = Writer()
        self._saved: list[CheckpointSaved] = []
        with suppress(OSError):  # what a crash left between two renames
            mend(folder / "model")
            mend_checkpoints(folder / "checkpoints")
        with suppress(OSError):  # now, while nothing else uses the tokenizer; else when it is wanted
            self._with_tokenizer()

    # ---- checkpoints

    def keep_checkpoint(self, taken: Snapshot, *, mark: bool = False, wait: bool = False) -> None:
        """Write a checkpoint and drop the oldest ones; returns at once, but for what is still being written.

        Args:
            taken: The state to keep.
            mark: A person asked for it: it is never dropped.
            wait: Return only when it is durable, or in trouble.
        """
        self._writer.submit(partial(self._write_checkpoint, taken, mark))
        if wait:
            self.wait()

    def _write_checkpoint(self, taken: Snapshot, mark: bool) -> None:
        where = self.folder / "checkpoints"
        beside: dict[str, Content] = {}
        if TRAINED not in taken.files:
            beside = {f"model/{name}": content for name, content in self._with_tokenizer().items()}
        path = checkpoints.write_checkpoint(where, taken, beside, mark=mark)
        marked = (path / MARK).is_file()
        self._saved.append(
            CheckpointSaved(step=taken.position.step, path=f"checkpoints/{path.name}", mark=marked)
        )
        with suppress(OSError):  # one checkpoint too many is no reason to hold the run
            prune(where, self._kept, taken.position)

    def finished(self) -> list[CheckpointSaved]:
        """The checkpoints that have become durable since this was asked last."""
        self._writer.trouble()  # raises what is no trouble with the disk
        count = len(self._saved)
        found, self._saved[:count] = self._saved[:count], []
        return found

    def trouble(self) -> OSError | None:
        """Why the last thing could not be written, None while all is well. It is kept in memory."""
        return self._writer.trouble()

    def retry(self) -> None:
        """Write what is kept again; `wait`, then ask for `trouble`."""
        self._writer.retry()

    def wait(self) -> None:
        """Return when everything is durable, or in trouble."""
        self._writer.wait()

    def close(self) -> None:
        """Finish what is being written. No thread is left; what is in trouble is let go."""
        self._writer.wait()

    # ---- the chosen weights

    def keep_model(
        self,
        model: torch.nn.Module,
        measured: Measurement | None,
        step: int,
        *,
        trained: torch.nn.Module | None = None,
    ) -> None:
        """Make these the chosen weights, with their held-out numbers on the card; they are copied at once.

        Args:
            model: What other tools will load from `model/`.
            measured: Its held-out measurement.
            step: The step that it comes from.
            trained: Where only a part of the weights is trained: the model in training. That part of it is kept
                too, for `load_model_into`.
        """
        files = model_files(model)
        card = self._card + (_numbers(measured.metrics, step) if measured else "")
        samples = measured.samples if measured else []
        part = checkpoints.freeze_trained(trained) if trained is not None else None
        self._writer.submit(partial(self._write_model, files, card, samples, part))

    def _write_model(
        self,
        files: Mapping[str, Content],
        card: str,
        samples: Sequence[Mapping[str, object]],
        trained: Content | None,
    ) -> None:
        checkpoints.write_model(self.folder / "model", {**files, **self._with_tokenizer()}, card)
        if trained is not None:
            replace_file(self.folder / "chosen" / TRAINED, trained)
        if samples:
            self._write_samples(samples)

    def load_model_into(self, model: torch.nn.Module) -> None:
        """Give a model the weights that were chosen last.

        Raises:
            OSError: When they could not be written.
        """
        self.wait()
        trouble = self.trouble()
        if trouble is not None:
            raise trouble
        if (self.folder / "chosen" / TRAINED).exists():
            checkpoints.load_trained(self.folder / "chosen", model)
            return
        chosen = load_weights(type(model), self.folder / "model")
        model.load_state_dict(chosen.state_dict())

    def _with_tokenizer(self) -> dict[str, Content]:
        if not self._tokenizer_files:
            self._tokenizer_files = tokenizer_files(self._tokenizer)
        return self._tokenizer_files

    # ---- other files

    def keep_files(self, files: Mapping[str, bytes]) -> None:
        """Write files into the run folder, each in the place of the one before."""
        for name, content in files.items():
            self._writer.submit(partial(replace_file, self.folder / name, content))

    # ---- samples

    def keep_writing(self, when: Literal["before", "after"], samples: Sequence[Mapping[str, str]]) -> None:
        """Remember what the model writes before and after training; prompts are the same both times."""
        if samples:
            self._writer.submit(partial(self._write_writing, when, samples))

    def _write_writing(self, when: str, samples: Sequence[Mapping[str, str]]) -> None:
        known: dict[str, dict[str, str]] = {}
        if self._samples_file.exists():
            known = {row["prompt"]: row for row in json.loads(self._samples_file.read_text(encoding="utf-8"))}
        self._write_samples(
            [{**known.get(s["prompt"], {}), "prompt": s["prompt"], when: s["text"]} for s in samples]
        )

    @property
    def _samples_file(self) -> Path:
        return self.folder / "samples.json"

    def _write_samples(self, samples: Sequence[Mapping[str, object]]) -> None:
        text = json.dumps(list(samples), ensure_ascii=False, indent=1)
        write_whole(self._samples_file, text)


def _numbers(metrics: dict[str, float], step: int) -> str:
    lines = "\n".join(f"| {name} | {value:.4f} |" for name, value in metrics.items())
    return f"\n## Held-out measurement at step {step}\n\n| metric | value |\n| --- | --- |\n{lines}\n"
