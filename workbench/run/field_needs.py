"""Which recipe fields count only together with others; the form hides them, the help may say so."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.recipe import Recipe
from workbench.run.recipe_files import recipe_fields
from workbench.run.scratch_fields import NEW_MODELS


@dataclass(frozen=True, slots=True)
class Need:
    """What another field must say. `values` are the choices that will do; none means anything that is on,
    named or above 0, and with `off` the opposite of that."""

    path: str
    values: tuple[str, ...] = ()
    off: bool = False

    def met(self, recipe: Recipe) -> bool:
        """Whether the recipe says so."""
        value = recipe.value(self.path)
        return value in self.values if self.values else bool(value) != self.off

    def words(self) -> str:
        """The condition in words, as in "Schedule is cosine restarts"."""
        row = recipe_fields()[self.path]
        if self.values:
            return f"{row.title} is {' or '.join(value.replace('-', ' ') for value in self.values)}"
        if row.annotation is bool:
            return f"{row.title} is {'off' if self.off else 'on'}"
        if row.annotation is str:
            return f"{row.title} is {'not named' if self.off else 'named'}"
        return f"{row.title} is {'0' if self.off else 'above 0'}"


def _schedule(*kinds: str) -> tuple[Need, ...]:
    return (Need("training.schedule", kinds),)


_LORA = (Need("weights.kind", ("lora", "dora", "adalora")),)
_ADVERSARY = (Need("adversarial.kind", ("fgm", "pgd")),)
_PGD = (Need("adversarial.kind", ("pgd",)),)
_TEACHER = (Need("distillation.teacher"),)
_FILM = (Need("film.on"),)
_WRITES = (Need("task.kind", ("causal-lm", "chat", "preference", "seq2seq")),)
_CHAT = (Need("task.kind", ("chat", "preference")),)
_PREFERENCE = (Need("task.kind", ("preference",)),)
_SEQ2SEQ = (Need("task.kind", ("seq2seq",)),)
_MASKED = (Need("task.kind", ("masked-lm",)),)
_NEW = (Need("model.source", tuple(NEW_MODELS)),)
_CLASSES = (Need("task.kind", ("text-classification",)),)
_LABELS = (Need("task.kind", ("multi-label",)),)
_TAGS = (Need("task.kind", ("token-classification",)),)

#: What a field needs in order to count; one of its needs is enough.
NEEDS: dict[str, tuple[Need, ...]] = {
    "data.fold": (Need("data.folds"),),
    "training.warmup_ratio": (Need("training.warmup_steps", off=True),),
    "training.final_rate": _schedule(
        "linear",
        "cosine",
        "cosine-restarts",
        "exponential",
        "polynomial",
        "inverse-sqrt",
        "warmup-stable-decay",
    ),
    "training.restarts": _schedule("cosine-restarts"),
    "training.power": _schedule("polynomial"),
    "training.decay_ratio": _schedule("warmup-stable-decay"),
    "training.plateau_patience": _schedule("plateau"),
    "training.plateau_factor": _schedule("plateau"),
    "training.minimum_gain": (Need("training.early_stopping"), *_schedule("plateau")),
    "training.beta2": (Need("training.optimizer", ("adamw", "adam")),),
    "training.margins": _CLASSES,
    "training.token_budget": (Need("training.batching", ("token-budget",)),),
    "weights.lora_rank": _LORA,
    "weights.lora_alpha": _LORA,
    "weights.lora_dropout": _LORA,
    "weights.lora_targets": _LORA,
    "weights.orthogonality": (Need("weights.kind", ("adalora",)),),
    "weights.base_bits": (Need("weights.kind", ("lora", "dora")),),
    "weights.bottleneck_size": (Need("weights.kind", ("bottleneck",)),),
    "weights.virtual_tokens": (Need("weights.kind", ("prefix", "prompt")),),
    "loss.focal_gamma": (Need("loss.kind", ("focal",)),),
    "loss.huber_delta": (Need("loss.kind", ("huber",)),),
    "loss.class_weights": (*_CLASSES, *_LABELS, *_TAGS),
    "regularisation.ema_decay": (Need("regularisation.averaging", ("ema",)),),
    "regularisation.swa_start": (Need("regularisation.averaging", ("swa",)),),
    "regularisation.mixup": _CLASSES,
    "adversarial.epsilon": _ADVERSARY,
    "adversarial.steps": _PGD,
    "adversarial.step_size": _PGD,
    "distillation.temperature": _TEACHER,
    "distillation.alpha": _TEACHER,
    "distillation.hidden": _TEACHER,
    "chat.template": _CHAT,
    "chat.system": _CHAT,
    "chat.packing": (Need("task.kind", ("chat",)),),
    "preference.objective": _PREFERENCE,
    "preference.beta": _PREFERENCE,
    "preference.odds_weight": _PREFERENCE,
    "answer.prefix": _SEQ2SEQ,
    "answer.written": _SEQ2SEQ,
    "labels.threshold": _LABELS,
    "masking.share": _MASKED,
    "masking.next_sentence": _MASKED,
    "scratch.layers": _NEW,
    "scratch.heads": _NEW,
    "scratch.width": _NEW,
    "scratch.tokeniser": _NEW,
    "scratch.vocabulary": _NEW,
    "film.probes": _FILM,
    "film.frames": _FILM,
    "film.budget": _FILM,
    "pinned.on": _WRITES,
    "pinned.prompts": _WRITES,
    "pinned.every": _WRITES,
    "pinned.length": _WRITES,
    "pinned.budget": _WRITES,
}


def why_not(recipe: Recipe, path: str) -> str:
    """Why a field does not count in this recipe, as a sentence; empty when it does."""
    needs = NEEDS.get(path, ())
    if not needs or any(need.met(recipe) for need in needs):
        return ""
    return f"Counts only where {', or '.join(need.words() for need in needs)}."
