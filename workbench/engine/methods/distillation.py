"""Knowledge distillation: learning from a teacher's answers as well as from the labels (Hinton et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from workbench.engine.devices import autocast
from workbench.engine.loading import LoadedModel, fitting_length, head_of, load_for_use
from workbench.engine.method import Blend, Forward, Method, Pass, Workshop
from workbench.engine.methods.r_drop import without_probabilities
from workbench.engine.task import Batch, Task
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import Recipe

FIELD = "distillation.teacher"


def divergence(
    teacher: torch.Tensor, student: torch.Tensor, temperature: float, blend: Blend | None = None
) -> torch.Tensor:
    """T²·KL(softmax(teacher/T) ‖ softmax(student/T)) summed over the terms; logits of shape (terms, classes).

    Where rows were mixed, the teacher's probabilities are mixed alike.
    """
    wanted = torch.softmax(teacher / temperature, dim=-1)
    if blend is not None:
        wanted = blend.of(wanted)
    answered = torch.log_softmax(student / temperature, dim=-1)
    return temperature**2 * torch.nn.functional.kl_div(answered, wanted, reduction="sum")


def distance(
    teacher: torch.Tensor, student: torch.Tensor, mask: torch.Tensor, *, per_row: bool
) -> torch.Tensor:
    """The mean squared difference of hidden states (rows, tokens, width), summed over the terms of the loss.

    Padding does not count. A row is one term, or with `per_row` false each of its tokens is; so the sum over the
    parts of a batch is that of the whole batch.
    """
    each = (teacher.float() - student.float()).square().mean(dim=-1) * mask
    if per_row:
        return (each.sum(dim=1) / mask.sum(dim=1).clamp(min=1)).sum()
    return each.sum()


class Distillation(Method):
    """(1 − α)·loss + α·T²·KL(teacher ‖ student), and the distance of the last hidden states by its weight."""

    order: ClassVar[int] = 70
    reads_layers: ClassVar[bool] = True

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return bool(recipe.distillation.teacher) or recipe.distillation.hidden > 0

    @classmethod
    def complaints(cls, recipe: Recipe, task: Task) -> Sequence[Problem]:
        found = []
        if not recipe.distillation.teacher:
            found.append(
                Problem(
                    f"{FIELD} (Teacher): no teacher is named.",
                    "The weight of the hidden states is above 0, so there is something to learn from a teacher.",
                    "Name a run or a model, or set distillation.hidden to 0.",
                    field=FIELD,
                )
            )
        return [*found, *without_probabilities(recipe, task, FIELD, "Teacher")]

    def begin(self, workshop: Workshop) -> None:
        self._settings = workshop.recipe.distillation
        self._workshop = workshop
        with torch.random.fork_rng():  # loading draws numbers for weights that the files do not have
            self._teacher, self._order = teacher_for(workshop)
        # Only R-Drop and an adversary send a batch through more than once; the teacher need not read it again.
        recipe = workshop.recipe
        self._again = recipe.regularisation.r_drop > 0 or recipe.adversarial.kind != "none"
        self._last: tuple[Batch, torch.Tensor, torch.Tensor | None] | None = None

    def forward(self, inner: Forward) -> Forward:
        settings = self._settings

        def taught(batch: Batch, **more: Any) -> Pass:
            if settings.hidden:
                more = more | {"output_hidden_states": True}
            passed = inner(batch, **more)
            answers, states = self._answers(batch)
            apart = divergence(answers, passed.logits, settings.temperature, passed.blend)
            passed.loss = (1 - settings.alpha) * passed.loss + settings.alpha * apart
            if states is not None:
                if passed.blend is not None:
                    states = passed.blend.of(states)
                mask, own = batch["attention_mask"], passed.outputs.hidden_states[-1]
                per_row = len(passed.targets) == len(mask)
                passed.loss = passed.loss + settings.hidden * distance(states, own, mask, per_row=per_row)
            return passed

        return taught

    def move(self, device: torch.device) -> None:
        self._last = None  # at most it is worked out once more
        self._teacher.model.to(device)
        if self._order is not None:
            self._order = self._order.to(device)

    def _answers(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The teacher's logits, and its last hidden states where they are wanted."""
        if self._last is not None and self._last[0] is batch:
            return self._last[1:]
        workshop, more = self._workshop, {"output_hidden_states": True} if self._settings.hidden else {}
        with torch.no_grad(), autocast(workshop.device, workshop.precision):
            outputs = workshop.task.outputs(self._teacher.model, batch, **more)
            logits = workshop.task.logits(outputs, batch)
        if self._order is not None:
            logits = logits.index_select(-1, self._order)
        states = outputs.hidden_states[-1] if self._settings.hidden else None
        self._last = (batch, logits, states) if self._again else None
        return logits, states


def teacher_for(workshop: Workshop) -> tuple[LoadedModel, torch.Tensor | None]:
    """The recipe's teacher on the run's device, and the order that gives its classes as the run numbers them.

    Raises:
        WorkbenchError: When it is not there, or answers another question than the run's.
    """
    name = workshop.recipe.distillation.teacher
    try:
        teacher = load_for_use(workshop.resolve(name), name, workshop.device)
    except WorkbenchError as error:
        wrong = error.problem
        raise WorkbenchError(
            Problem(wrong.title, wrong.cause, wrong.remedy, wrong.details, FIELD), usage=error.usage
        ) from error
    teacher.model.requires_grad_(False)
    classes = workshop.rows.class_names
    if teacher.head != (head_of(workshop.model, classes) if classes else "causal-lm"):
        does = {
            "classifier": "puts texts into classes", "causal-lm": "continues texts", "regressor": "gives numbers",
            "multi-label": "gives texts any number of labels", "tagger": "marks words",
        }  # fmt: skip
        raise _unfit(
            name,
            f"It {does.get(teacher.head, 'has no head for an answer')}; {workshop.task.title} needs another.",
        )
    if sorted(classes) != sorted(teacher.class_names):
        raise _unfit(name, f"Its classes are {_few(teacher.class_names)}; the run's are {_few(classes)}.")
    _same_tokens(workshop, teacher)
    if workshop.recipe.distillation.hidden:
        _same_width(workshop, teacher)
    if classes == teacher.class_names:
        return teacher, None
    if teacher.head == "multi-label":  # its labels are terms of the loss, and not classes of one
        raise _unfit(name, "It has the run's labels in another order.")
    return teacher, torch.tensor([teacher.class_names.index(c) for c in classes], device=workshop.device)


def _same_tokens(workshop: Workshop, teacher: LoadedModel) -> None:
    own: Any = workshop.goods.tokenizer
    if own.get_vocab() != teacher.tokenizer.get_vocab():
        raise _unfit(teacher.name, "It cuts texts into other tokens than the model that learns.")
    model: Any = workshop.model
    sizes = [int(m.config.get_text_config().vocab_size) for m in (model, teacher.model)]
    if not workshop.rows.class_names and sizes[0] != sizes[1]:
        raise _unfit(
            teacher.name, f"It chooses among {sizes[1]} tokens, the model that learns among {sizes[0]}."
        )
    longest = int(workshop.goods.train.lengths.max(initial=0))
    reads = fitting_length(longest, teacher.model)
    if reads < longest:
        raise _unfit(
            teacher.name,
            f"It reads at most {reads} tokens, and the longest training row has {longest}.",
            f"Set training.max_length to {reads}, or choose another teacher.",
        )


def _same_width(workshop: Workshop, teacher: LoadedModel) -> None:
    model: Any = workshop.model
    own, other = (int(m.config.get_text_config().hidden_size) for m in (model, teacher.model))
    if own != other:
        raise bad_input(
            "distillation.hidden (Hidden states): the two models have hidden states of different widths.",
            f"The teacher's have {other} numbers, those of the model that learns {own}.",
            "Set it to 0, or choose a teacher of the same width.",
            field="distillation.hidden",
        )


def _unfit(name: str, cause: str, remedy: str = "Choose another teacher, or none.") -> WorkbenchError:
    return bad_input(f"{FIELD} (Teacher): {name} cannot teach this run.", cause, remedy, field=FIELD)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "") or "none"
