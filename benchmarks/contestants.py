"""One measurement of the training benchmark, in a process of its own: who trains, on what, and what came of it.

Run by `benchmarks/training.py`: the job comes as JSON in the first argument, the answer is the last line printed.
Everyone trains on the same rows, encoded once before the clock runs, and is measured by the same code on the same
held-out rows. The clock runs from the end of the first step to the end of the last one, so that loading and the first
step's setting up count for nobody. `Trainer` saves nothing; the workbench writes its journal and its last checkpoint
(which falls behind the clock's end).
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch

from workbench.engine.batches import Batches, sorted_batches
from workbench.engine.devices import autocast, choose_precision
from workbench.engine.levers import pull_levers
from workbench.engine.method import wanted_methods
from workbench.engine.optimizers import build_optimizer
from workbench.engine.task import Goods, Split, Task
from workbench.run.events import Step
from workbench.run.home import Home
from workbench.run.journal import read_journal
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe
from workbench.run.schedules import learning_rate
from workbench.session import training

Job = dict[str, Any]
Answer = dict[str, Any]


class Clock:
    """Notes the end of each step; the first one starts it."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def tick(self, steps: int | None = None) -> None:
        """A step has ended."""
        if torch.cuda.is_available() and (not self.ends or len(self.ends) + 1 == steps):
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())

    def answer(self) -> Answer:
        """Seconds from the end of the first step to the end of the last, and the steps between."""
        return {"seconds": self.ends[-1] - self.ends[0], "steps": len(self.ends) - 1}


def recipe_of(job: Job) -> Recipe:
    """The recipe: everything but the case's own settings as it comes."""
    return parse_recipe(job["recipe"])


def ready(job: Job) -> tuple[Task, Goods, Recipe]:
    """Task, model and encoded rows, read by the workbench for everyone."""
    prepared = training.begin(Home(Path(job["home"])), recipe_of(job), make_folder=False)
    model, tokenizer = prepared.task.load(prepared.recipe, prepared.rows, prepared.model)
    return (
        prepared.task,
        prepared.task.encode(prepared.recipe, prepared.rows, model, tokenizer),
        prepared.recipe,
    )


def device_of(job: Job) -> torch.device:
    """Where everyone trains."""
    return torch.device(job["recipe"]["training"]["device"])


# ---- the contestants


def ours(job: Job) -> Answer:
    """The workbench, with its journal, as the command line runs it."""
    prepared = training.begin(Home(Path(job["home"])), recipe_of(job))
    for _ in training.carry_out(prepared, training.Control()):
        pass
    return journal_times(prepared.folder.journal_file) | saved_score(job, prepared.folder.model)


def window(job: Job) -> Answer:
    """The workbench in its window, with the Train page drawing its plots (offscreen)."""
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from workbench.gui.app import make_window

    application = QApplication([])
    bench = make_window(Home(Path(job["home"])))
    workspace = bench.workspace
    bench.window.resize(1440, 900)
    bench.window.show()

    def wait(until: Callable[[], bool]) -> None:
        loop, check = QEventLoop(), QTimer()
        check.timeout.connect(lambda: loop.quit() if until() else None)
        check.start(50)
        loop.exec()
        check.stop()

    wait(lambda: workspace.device is not None and not workspace.data_busy)
    workspace.set_recipe(recipe_of(job))
    bench.window.show_page("train")
    workspace.start()
    wait(lambda: workspace.active is not None)
    wait(lambda: workspace.active is None)
    bench.close()
    application.processEvents()
    (journal,) = Home(Path(job["home"])).runs.glob("*/journal.jsonl")
    return journal_times(journal) | saved_score(job, journal.parent / "model")


def journal_times(journal: Path) -> Answer:
    """The times of the steps as the run's journal has them."""
    clock = Clock()
    clock.ends = [event.time for event in read_journal(journal) if isinstance(event, Step)]
    return clock.answer()


def saved_score(job: Job, folder: Path) -> Answer:
    """The measure of the model that was saved, loaded anew."""
    task, goods, recipe = ready(job)
    kind: Any = type(goods.model)
    saved = kind.from_pretrained(folder)
    return score(task, saved.to(device_of(job)), goods, recipe)


def bare(job: Job) -> Answer:
    """A loop of ten lines with the same batches and the same levers: no journal, no events, nothing to stop it."""
    task, goods, recipe = ready(job)
    settings, device, clock = recipe.training, device_of(job), Clock()
    precision = choose_precision(settings.precision, device)
    torch.manual_seed(settings.seed)
    model: Any = goods.model
    for method in wanted_methods(recipe):
        model = method.reshape(model, recipe)
    model.to(device).train()
    pad = int(goods.tokenizer.pad_token_id or 0)
    pull_levers(model, goods.train.input_ids, seed=settings.seed, pad=pad, own_rule=True)
    batches = Batches(goods.train.lengths, settings).epoch(0)
    optimizer = build_optimizer(model, recipe, len(batches))
    trained = [p for p in model.parameters() if p.requires_grad]
    for step, indexes in enumerate(batches, 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, step, len(batches))
        batch = {k: v.to(device) for k, v in task.collate(goods.train, indexes, pad).items()}
        with autocast(device, precision):
            outputs = task.outputs(model, batch)
            loss = torch.nn.functional.cross_entropy(task.logits(outputs, batch), task.targets(batch))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, settings.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        clock.tick(len(batches))
    return clock.answer() | score(task, model, goods, recipe)


def trainer(job: Job, *, best: bool) -> Answer:
    """`transformers.Trainer` with dynamic padding; `best`: also bfloat16, fused AdamW and group by length."""
    import transformers
    from transformers import TrainerCallback, TrainingArguments

    task, goods, recipe = ready(job)
    settings, device, clock = recipe.training, device_of(job), Clock()
    model: Any = goods.model
    if recipe.weights.kind == "lora":
        model = _peft(model, recipe)

    class Ticking(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            clock.tick(state.max_steps)

    options: dict[str, Any] = {}
    if best:
        options = {
            "bf16": choose_precision("auto", device) == "bf16",
            "fp16": choose_precision("auto", device) == "fp16",
            "optim": "adamw_torch_fused",
            "train_sampling_strategy": "group_by_length",
        }
    arguments = TrainingArguments(
        output_dir=str(Path(job["home"]) / "trainer"),
        per_device_train_batch_size=settings.batch_size,
        num_train_epochs=1,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=settings.seed,
        use_cpu=device.type == "cpu",
        **options,
    )
    transformers.Trainer(
        model=model,
        args=arguments,
        train_dataset=_Examples(goods.train),
        data_collator=_collator(task, goods),
        callbacks=[Ticking()],
    ).train()
    return clock.answer() | score(task, model, goods, recipe)


class _Examples(torch.utils.data.Dataset[dict[str, Any]]):
    """Rows as `Trainer` reads them, with their lengths."""

    def __init__(self, split: Split) -> None:
        self._rows: list[dict[str, Any]] = []
        for i, ids in enumerate(split.input_ids):
            row: dict[str, Any] = {"input_ids": ids.tolist(), "attention_mask": [1] * len(ids)}
            self._rows.append(row if split.labels is None else row | {"labels": int(split.labels[i])})

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]


def _collator(task: Task, goods: Goods) -> Any:
    from transformers import DataCollatorForLanguageModeling, DataCollatorWithPadding

    if task.kind == "causal-lm":
        return DataCollatorForLanguageModeling(goods.tokenizer, mlm=False)
    return DataCollatorWithPadding(goods.tokenizer)


def _peft(model: Any, recipe: Recipe) -> Any:
    """The same additions, by peft's own front door."""
    from peft import LoraConfig, TaskType, get_peft_model

    settings = recipe.weights
    targets = [part.strip() for part in settings.lora_targets.split(",")]
    return get_peft_model(
        model,
        LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=settings.lora_rank,
            lora_alpha=int(settings.lora_alpha),
            lora_dropout=settings.lora_dropout,
            target_modules=targets[0] if targets == ["all-linear"] else targets,
        ),
    )


# ---- measuring


@torch.no_grad()
def score(task: Task, model: Any, goods: Goods, recipe: Recipe) -> Answer:
    """Accuracy, or loss per predicted token, on the held-out rows in float32."""
    model.eval()
    device, right, loss, terms = next(model.parameters()).device, 0, 0.0, 0
    pad = int(goods.tokenizer.pad_token_id or 0)
    for indexes in sorted_batches(goods.validation.lengths, 32):
        batch = {k: v.to(device) for k, v in task.collate(goods.validation, indexes, pad).items()}
        outputs = task.outputs(model, batch)
        logits, targets = task.logits(outputs, batch), task.targets(batch)
        seen = targets != -100
        loss += float(torch.nn.functional.cross_entropy(logits, targets, reduction="sum"))
        right += int((logits.argmax(-1) == targets)[seen].sum())
        terms += int(seen.sum())
    return {"accuracy": right / terms, "loss": loss / terms} | work(model, goods, recipe)


def work(model: Any, goods: Goods, recipe: Recipe) -> Answer:
    """Rows, tokens, and the floating point operations of one epoch.

    6·N per token, and 12·layers·width·n for attention in a row of n tokens (Chowdhery et al. 2022, appendix B), with
    N the weights of the layers' matrices, and of the output table of a language model. With LoRA 4·N: frozen
    weights need no gradient. Padding counts for nothing; a layer that a lever computes in part counts whole.
    """
    config, lengths = model.config, goods.train.lengths.astype(np.float64)
    count = sum(
        module.weight.numel()
        for name, module in model.named_modules()
        # Heads see one token of a row, and LoRA's additions are narrow.
        if isinstance(module, torch.nn.Linear) and "pooler" not in name and min(module.weight.shape) > 64
    )
    attention = 12 * config.num_hidden_layers * config.hidden_size
    each = (4 if recipe.weights.kind == "lora" else 6) * count
    flops = float((each * lengths + attention * lengths**2).sum())
    return {"flops": flops, "rows": len(lengths), "tokens": float(lengths.sum())}


def peak(job: Job) -> Answer:
    """The machine's bfloat16 matmul peak now: the best median of twenty products of three sizes, in FLOP/s."""
    device, rates = device_of(job), []
    for n in (1024, 2048, 4096):
        a, b = (torch.randn(n, n, device=device).bfloat16() for _ in range(2))
        times = []
        for _ in range(23 if n < 4096 else 8):
            began = time.perf_counter()
            torch.mm(a, b)
            if device.type == "cuda":
                torch.cuda.synchronize()
            times.append(time.perf_counter() - began)
        rates.append(2 * n**3 / statistics.median(times[3:]))
    return {"peak": max(rates)}


WHO: dict[str, Callable[[Job], Answer]] = {
    "ours": ours,
    "window": window,
    "bare": bare,
    "defaults": lambda job: trainer(job, best=False),
    "best": lambda job: trainer(job, best=True),
    "peak": peak,
}

if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(WHO[given["who"]](given)))
