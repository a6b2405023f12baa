"""The groups in which the recipe's other fields unfold: a title, one line, and the fields in their order."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.recipe_files import FieldRow, recipe_fields

#: The fields that stand in the recipe bar itself, beside model, data and task.
QUICK_FIELDS = (
    "training.epochs",
    "training.batch_size",
    "training.learning_rate",
    "training.max_length",
)
#: Fields with a place of their own: lists in the bar, columns on the Data page.
ELSEWHERE = ("version", "model.source", "data.train", "task.kind", "data.text", "data.label", "data.steps")


@dataclass(frozen=True, slots=True)
class Group:
    """One group. `fields` are paths, or "section.*" for all of a section that no group names."""

    key: str
    title: str
    line: str
    fields: tuple[str, ...]


GROUPS: tuple[Group, ...] = (
    Group(
        "rate",
        "Learning rate and schedule",
        "How far each step goes, and how that changes during the run.",
        tuple(
            f"training.{name}"
            for name in (
                "schedule", "warmup_ratio", "warmup_steps", "final_rate", "restarts", "power", "decay_ratio",
                "plateau_patience", "plateau_factor", "optimizer", "beta2",
            )
        ),
    ),
    Group(
        "batches",
        "Batches and memory",
        "Which rows a step learns from, and how much memory that takes.",
        (
            "training.accumulation", "training.gradient_checkpointing", "training.batching",
            "training.token_budget", "training.max_steps",
        ),
    ),
    Group("chat", "Chat", "How conversations are written for the model.", ("chat.*",)),
    Group("preference", "Preferences", "How the better of two answers is learned.", ("preference.*",)),
    Group("answer", "Source and target", "What is read, and how often answers are written.", ("answer.*",)),
    Group("labels", "Several labels", "When a text is given a label.", ("labels.*",)),
    Group("masking", "Masked words", "What an encoder learns to fill in.", ("masking.*",)),
    Group("scratch", "A new model", "The shape of a model that starts from nothing.", ("scratch.*",)),
    Group("weights", "Which weights learn", "All of them, some, or small additions beside them.", ("weights.*",)),
    Group("loss", "Loss", "What is minimised.", ("loss.*",)),
    Group(
        "regularisation",
        "Regularisation",
        "What guards against learning by heart.",
        (
            "training.weight_decay", "training.max_grad_norm", "training.early_stopping",
            "training.minimum_gain", "regularisation.*",
        ),
    ),
    Group("adversary", "Adversary", "Training against small malicious changes of the texts.", ("adversarial.*",)),
    Group("teacher", "Teacher", "Learning from the answers of another run or model.", ("distillation.*",)),
    Group(
        "saving",
        "Measuring and saving",
        "How often the held-out rows are measured, and what stays on the disk.",
        (
            "training.eval_every", "training.best_metric", "training.checkpoint_every",
            "training.keep_checkpoints", "training.margins", "name",
        ),
    ),
    Group(
        "film",
        "Training film",
        "What is recorded of the model's attention while it learns.",
        ("film.*",),
    ),
    Group("pinned", "Answers while training", "What the model is asked while it learns to write.", ("pinned.*",)),
    Group("data", "Data", "Which rows are put aside, and how the file is read.", ("data.*",)),
    Group("device", "Device", "What computes, in which arithmetic, and from which chance.", ("training.*",)),
)  # fmt: skip


def group_fields() -> dict[str, list[FieldRow]]:
    """The rows of each group by its key. Every field that stands nowhere else is in exactly one."""
    rows = recipe_fields()
    named = {*QUICK_FIELDS, *ELSEWHERE, *(path for group in GROUPS for path in group.fields)}
    found: dict[str, list[FieldRow]] = {}
    for group in GROUPS:
        found[group.key] = []
        for path in group.fields:
            if path.endswith(".*"):
                prefix = path.removesuffix("*")
                found[group.key] += [r for p, r in rows.items() if p.startswith(prefix) and p not in named]
            else:
                found[group.key].append(rows[path])
    return found


def matches(row: FieldRow, query: str) -> bool:
    """Whether the field has every word of the query in its title, help, name or choices."""
    text = f"{row.title} {row.help} {row.path.replace('_', ' ')} {row.path} {row.annotation}".lower()
    return all(word in text for word in query.lower().split())
