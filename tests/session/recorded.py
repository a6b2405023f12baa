"""A recorded run, made without training: the journal that a run leaves, and attention maps."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import numpy as np

from workbench.run.energy import Energy, add_energy
from workbench.run.events import CheckpointSaved, Ended, Evaluated, Event, Notice, Started, Step
from workbench.run.folder import RunFolder, make_run
from workbench.run.home import Home
from workbench.run.journal import Journal
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed
from workbench.run.results import AttentionMaps
from workbench.run.row_scores import RowScores
from workbench.run.suspects import Suspect, Suspects
from workbench.session.report import Looks, scores_of
from workbench.session.report_data import DataFacts

CLASSES = ("refund", "delivery <b>late</b>", "login & password", "praise")
CONFUSION = ((40, 3, 1, 0), (6, 33, 2, 1), (0, 1, 41, 0), (0, 0, 2, 12))


def events(steps: int = 300) -> list[Event]:
    """What happened in a made-up classification run that was measured five times."""
    chance = random.Random(0)
    told: list[Event] = [
        Started(
            task="text-classification",
            model="minilm",
            device="CPU, 2 threads",
            precision="bf16",
            total_steps=steps,
            steps_per_epoch=100,
            train_rows=3200,
            validation_rows=142,
            parameters=22_713_216,
            class_names=CLASSES,
            best_metric="accuracy",
        ),
        Notice(text="3 rows have no label <script>alert(1)</script> and were left out.", level="warning"),
    ]
    for step in range(1, steps + 1):
        told.append(
            Step(
                step=step,
                epoch=step / 100,
                loss=1.4 * math.exp(-step / 80) + 0.2 * chance.random() + 0.1,
                learning_rate=1e-4 * min(step / 30, (steps - step) / (steps - 30)),
                gradient_norm=1 + chance.random(),
                tokens_per_second=9000.0,
                samples_per_second=310 + 20 * chance.random(),
                memory=10**9,
            )
        )
        if step % (steps // 5) == 0:
            score = 0.9 - 0.6 * math.exp(-step / 80)
            metrics = {"loss": 1.5 - 1.2 * score, "accuracy": score, "f1_macro": score - 0.03}
            told.append(
                Evaluated(step=step, epoch=step / 100, metrics=metrics, best=True, confusion=CONFUSION)
            )
    told.append(CheckpointSaved(step=steps, path=f"checkpoints/step-{steps:06}"))
    last = told[-2]
    assert isinstance(last, Evaluated)
    told.append(Ended(status="finished", step=steps, seconds=30.0, samples=32 * steps, metrics=last.metrics))
    return told


def recorded_run(home: Home, told: list[Event] | None = None) -> RunFolder:
    """A run folder with recipe, journal, environment and samples."""
    folder = make_run(home, changed(Recipe(name="Support <mail>"), "training.epochs", 3.0))
    with Journal(folder.journal_file) as journal:
        for event in events() if told is None else told:
            journal.append(event)
    folder.write_environment(
        {"versions": {"python": "3.11", "torch": "2.13"}, "seed": 0, "data_fingerprint": "5e" * 32}
    )
    samples = [
        {"text": "Where is my <parcel>?", "true": CLASSES[1], "predicted": CLASSES[1], "probability": 0.97},
        {"text": "You charged me twice", "true": CLASSES[0], "predicted": CLASSES[3], "probability": 0.51},
    ]
    (folder.path / "samples.json").write_text(json.dumps(samples), encoding="utf-8")
    (folder.path / "model").mkdir()
    return folder


def maps(layers: int = 6, heads: int = 12, n: int = 12, *, causal: bool = False) -> AttentionMaps:
    """Attention of random heads over made-up tokens; rows sum to 1."""
    chance = np.random.default_rng(0)
    scores = chance.normal(size=(layers, heads, n, n)) * chance.uniform(0.5, 4, size=(layers, heads, 1, 1))
    if causal:
        scores = np.where(np.tri(n, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)
    words = ["my", "parcel", "has", "not", "arrived", "and", "nobody", "answers", "the", "phone", "at", "all"]
    tokens = ["[CLS]", *(words[i % len(words)] for i in range(n - 2)), "[SEP]"]
    return AttentionMaps(
        weights=weights,
        tokens=tuple(tokens),
        special=np.array([token.startswith("[") for token in tokens]),
        model="minilm",
        causal=causal,
        prediction=(("delivery", 0.93), ("refund", 0.05)),
    )


def rows(count: int = 142) -> RowScores:
    """What a made-up classifier says of as many held-out rows as the recorded run has; some labels are wrong."""
    chance = np.random.default_rng(3)
    true = np.repeat(np.arange(4), np.sum(CONFUSION, axis=1))[:count]
    logits = chance.normal(size=(count, 4)) + 2.6 * np.eye(4)[true]
    logits[::17] = 3 * np.eye(4)[(true[::17] + 1) % 4]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    texts = [f"Message {i} about a <parcel> that {'never came' if i % 3 else 'broke'}" for i in range(count)]
    return RowScores.of(texts, true, probabilities, CLASSES, told="the held-out rows")


def doubted() -> Suspects:
    """A queue of three rows, one of which was fixed."""
    queue = tuple(
        Suspect(7 + i, 40 + i, "training", f"Row {i} <i>with</i> a doubtful label", CLASSES[i], CLASSES[i + 1],
                -1.5 + i, None, i < 2, "fix" if i == 0 else "", CLASSES[1] if i == 0 else "")
        for i in range(3)
    )  # fmt: skip
    return Suspects("run", "support.csv", "label", CLASSES, "margin", queue, 3200, 2, "The margin says it.")


def facts() -> DataFacts:
    """Two sides of four classes and a finding of each weight."""
    findings = (
        ("error", "2 rows stand on both sides", "They would be known by heart."),
        ("warning", "14 rows have the same text", "Copies count twice."),
        ("hint", "One class is <rare>", "It is hard to learn."),
    )
    classes = {side: dict(zip(CLASSES, (3, 2, 4, 1), strict=True)) for side in ("training", "held-out")}
    return DataFacts(classes, findings, ("Remove duplicates: 14 rows removed.",))


def looks() -> Looks:
    """Everything that a report can show beyond the run's own files, but for the inside of the model."""
    found = rows()
    return Looks(attention=maps(), rows=found, scores=scores_of(found), suspects=doubted(), data=facts())


def save_all(target: Path) -> None:
    """Everything as files, to be looked at."""
    from workbench.session.pictures import atlas_png, curves_png, head_png
    from workbench.session.report import write_report

    folder = recorded_run(Home(target))
    add_energy(folder.path, Energy({"processor": 3214.0, "GPU": 18_930.0}, 31.0))
    print(write_report(folder, looks()))  # noqa: T201
    (target / "atlas.png").write_bytes(atlas_png(maps()))
    (target / "long.png").write_bytes(atlas_png(maps(2, 4, 300, causal=True)))
    (target / "head.png").write_bytes(head_png(maps(), 2, 4))
    (target / "curves.png").write_bytes(curves_png(folder.history()))
