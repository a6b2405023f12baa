"""One contestant of benchmarks/tuning.py, in a process of its own: the workbench, or TRL's SFTTrainer.

The job comes as JSON in the first argument. When everything is ready to learn, and after every few steps, the
contestant prints a line of JSON and waits for a line: so two of them take turns, and a change of the machine's speed
meets both. Both learn the same rows, encoded once by the workbench, with loss on the answers alone.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(Path(__file__).parents[1]))

Job = dict[str, Any]
#: The real standard output; what libraries print must not get into the answers.
OUT = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


class Turns:
    """Counts tokens and steps, and waits for its turn after every `steps` of them."""

    def __init__(self, steps: int) -> None:
        self._steps, self._done = steps, 0
        self._tokens = self._places = 0
        self._begun = (0.0, 0.0)

    def count(self, mask: Any) -> None:
        """A batch was made: tokens, and places with the padding."""
        self._tokens += int(mask.sum())
        self._places += mask.numel()

    def ready(self) -> None:
        """Everything is loaded: wait for the first turn."""
        self._wait({"ready": True})

    def step(self) -> None:
        """A step is done."""
        self._done += 1
        if self._done % self._steps == 0:
            wall, used = time.perf_counter() - self._begun[0], time.process_time() - self._begun[1]
            self._wait({"seconds": wall, "processor": used, "tokens": self._tokens, "places": self._places})

    def _wait(self, told: dict[str, Any]) -> None:
        OUT.write(json.dumps(told | {"peak": _peak()}) + "\n")
        OUT.flush()
        if sys.stdin.readline().strip() != "go":
            os._exit(0)  # nothing that a contestant would still save is wanted
        _forget_peak()
        self._tokens = self._places = 0
        self._begun = time.perf_counter(), time.process_time()


def _peak() -> int:
    """The most resident memory since it was last forgotten, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def _prepared(job: Job) -> Any:
    from workbench.run.home import Home
    from workbench.run.recipe_files import parse_recipe
    from workbench.session import training

    return training.begin(Home(Path(job["home"])), parse_recipe(job["recipe"]))


def ours(job: Job, turns: Turns) -> None:
    """The workbench, with its journal, as the command line runs it."""
    from workbench.engine.batches import Batches
    from workbench.run.events import Ended, Step
    from workbench.session import training

    prepared = dataclasses.replace(_prepared(job), fits=True)  # nothing is tried before it begins
    task: Any = prepared.task
    collate, fresh = task.collate, [True]
    task.written_samples = lambda *_: []  # answers before the first step, which no turn measures

    def counted(split: Any, indexes: Any, pad: int) -> Any:
        batch = collate(split, indexes, pad)
        turns.count(batch["attention_mask"])
        return batch

    epoch = Batches.epoch

    def begun(self: Any, *given: Any) -> Any:
        if fresh.pop() if fresh else False:  # learning begins: the trial and the first measurement are over
            task.collate = counted
            turns.ready()
        return epoch(self, *given)

    Batches.epoch = begun  # type: ignore[method-assign,assignment]
    for event in training.carry_out(prepared, training.Control()):
        if isinstance(event, Step):
            turns.step()
        if isinstance(event, Ended):
            raise SystemExit(f"the run ended: {event.problem}")


def trl(job: Job, turns: Turns) -> None:
    """TRL's trainer with what is fastest on this machine of what its arguments offer: no recomputed activations."""
    from datasets import Dataset  # type: ignore[import-untyped]
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer  # type: ignore[import-not-found]
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling  # type: ignore[import-not-found]

    prepared = _prepared(job)
    recipe, settings = prepared.recipe, prepared.recipe.training
    model, tokenizer = prepared.task.load(recipe, prepared.rows, prepared.model)
    plain = recipe.model_copy(update={"chat": recipe.chat.model_copy(update={"packing": False})})
    goods = prepared.task.encode(plain, prepared.rows, model, tokenizer)
    rows = [
        {
            "input_ids": ids.tolist(),
            "labels": [t if c else -100 for t, c in zip(ids.tolist(), counts, strict=True)],
        }
        for ids, counts in zip(goods.train.input_ids, goods.train.counts, strict=True)
    ]
    packing = recipe.chat.packing

    class Counting(DataCollatorForLanguageModeling):  # type: ignore[misc]
        def torch_call(self, examples: Any) -> Any:
            batch = super().torch_call(examples)
            mask = batch.get("attention_mask")
            turns.count(batch["input_ids"] != -1 if mask is None else mask)
            return batch

    class Ticking(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            turns.ready()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            turns.step()

    arguments = SFTConfig(
        output_dir=str(Path(job["home"]) / "trl"),
        per_device_train_batch_size=settings.batch_size,
        max_steps=settings.max_steps,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        max_length=settings.max_length,
        packing=packing,
        bf16=settings.precision == "bf16",
        fp16=False,
        gradient_checkpointing=False,
        logging_steps=10,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
        seed=settings.seed,
        **job.get("trl", {}),
    )
    extra: dict[str, Any] = {}
    if not packing:  # its own collator pads alike, and knows packed rows better
        extra["data_collator"] = Counting(pad_token_id=int(tokenizer.pad_token_id))
    if recipe.weights.kind == "lora":
        from peft import LoraConfig

        extra["peft_config"] = LoraConfig(
            task_type="CAUSAL_LM", r=recipe.weights.lora_rank, lora_alpha=int(recipe.weights.lora_alpha),
            lora_dropout=recipe.weights.lora_dropout, target_modules="all-linear",
        )  # fmt: skip
    trainer = SFTTrainer(
        model=model, args=arguments, train_dataset=Dataset.from_list(rows), processing_class=tokenizer,
        callbacks=[Ticking()], **extra,
    )  # fmt: skip
    if packing:
        _count_packed(trainer, turns)
    trainer.train()


def _count_packed(trainer: Any, turns: Turns) -> None:
    collate = trainer.data_collator.torch_call

    def counted(examples: Any) -> Any:
        batch = collate(examples)
        mask = batch.get("attention_mask")
        turns.count(batch["input_ids"] >= 0 if mask is None else mask)
        return batch

    trainer.data_collator.torch_call = counted


WHO: dict[str, Callable[[Job, Turns], None]] = {"ours": ours, "trl": trl}

if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    WHO[given["who"]](given, Turns(given["steps"]))
