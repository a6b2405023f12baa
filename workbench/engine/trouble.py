"""What can go wrong while a run trains, in words a person understands, with what can be done about it."""

from __future__ import annotations

import math
from pathlib import Path

from workbench.run.events import Step
from workbench.run.offers import Offer
from workbench.run.problem import Problem, WorkbenchError, explain
from workbench.run.recipe import Recipe

TRY_AGAIN = Offer("Try again", "Does the same once more, after you have mended the cause.")


class Restart(Exception):  # noqa: N818 - it is no error
    """The person chose to go on from the newest whole checkpoint, with these recipe fields changed. `stop_at_epoch`
    says that the run had been asked to end with its epoch."""

    def __init__(
        self, changes: tuple[tuple[str, float | str | bool], ...], *, stop_at_epoch: bool = False
    ) -> None:
        super().__init__("the run begins again from its newest checkpoint")
        self.changes, self.stop_at_epoch = changes, stop_at_epoch


class NotFiniteError(WorkbenchError):
    """The loss, the gradient or the weights are no longer numbers."""


class GivenUpError(WorkbenchError):
    """The person was asked already, and ended the run."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory did not suffice."""
    # The CPU's allocator raises a plain RuntimeError.
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or (isinstance(error, RuntimeError) and "allocate memory" in str(error))


def training_problem(error: BaseException) -> Problem:
    """An error of the training loop in plain words."""
    if out_of_memory(error) and not isinstance(error, MemoryError):
        return explain(MemoryError(str(error)))
    return explain(error)


def check_finite(event: Step, precision: str) -> None:
    """Raise `NotFiniteError` when a step's loss or gradient is not a number."""
    # fp16 skips steps with an infinite gradient by design.
    bad_norm = not math.isfinite(event.gradient_norm) and precision != "fp16"
    if math.isfinite(event.loss) and not bad_norm:
        return
    what = "loss" if not math.isfinite(event.loss) else "gradient"
    raise not_finite(what, event.step, f"loss {event.loss}, gradient norm {event.gradient_norm}")


def not_finite(what: str, step: int, details: str = "") -> NotFiniteError:
    """The error for a loss, a gradient or weights that are no longer numbers."""
    verb = "are" if what == "weights" else "is"
    return NotFiniteError(
        Problem(
            f"The {what} {verb} no longer a number (step {step}).",
            "The likely causes, the most usual first: a learning rate that is too high; no gradient clip; "
            "float16 arithmetic; a broken value in the model's weights.",
            "The last good checkpoint is kept. Go on from it with one of the offers, or end the run.",
            f"step {step}: {details}",
            field="training.learning_rate",
        ),
        usage=False,
    )


def offers_for(error: BaseException, recipe: Recipe, rate: float = 0.0) -> tuple[Offer, ...]:
    """What can be done about an error; nothing where going on makes no sense.

    Args:
        error: What was raised.
        recipe: The run's recipe.
        rate: The peak learning rate that was in use; 0 means the recipe's.
    """
    if isinstance(error, GivenUpError):
        return ()
    if isinstance(error, NotFiniteError):
        return _for_not_finite(recipe, rate or recipe.training.learning_rate)
    if out_of_memory(error):
        return _for_memory(recipe)
    return ()


def _for_not_finite(recipe: Recipe, used: float) -> tuple[Offer, ...]:
    settings = recipe.training
    rate = float(f"{used / 10:.3g}")
    offers = [
        Offer(
            f"Learning rate {rate:g}",
            "Goes on from the last good checkpoint with a tenth of the learning rate.",
            (("training.learning_rate", rate),),
        )
    ]
    if not 0 < settings.max_grad_norm <= 0.5:
        changes = (("training.max_grad_norm", 0.5), ("training.learning_rate", rate * 3))
        offers.append(
            Offer(
                "Clip gradients at 0.5",
                "Shortens long gradients, with a third of the learning rate.",
                changes,
            )
        )
    if settings.precision != "fp32":
        offers.append(
            Offer("Compute in fp32", "Exact but slower arithmetic.", (("training.precision", "fp32"),))
        )
    return tuple(offers)


def _for_memory(recipe: Recipe) -> tuple[Offer, ...]:
    settings = recipe.training
    offers = []
    parts = max(1, settings.accumulation) * 2
    if parts <= settings.batch_size:
        offers.append(
            Offer(
                f"Split each batch in {parts}",
                "The same batch in smaller parts: the same result with less memory, a little slower.",
                (("training.accumulation", parts),),
            )
        )
    if not settings.gradient_checkpointing:
        offers.append(
            Offer(
                "Recompute activations",
                "Keeps fewer intermediate results: much less memory, about a third slower.",
                (("training.gradient_checkpointing", True),),
            )
        )
    return (
        *offers,
        Offer("Try again", "Goes on from the last checkpoint, after you have closed other programs."),
    )


def writing_problem(error: OSError, folder: Path) -> Problem:
    """A failed write into a run folder in plain words: nothing is lost by waiting."""
    return Problem(
        "The run cannot be saved.",
        f"Writing {error.filename or folder} failed: {error.strerror or error}.",
        "Free some space or mend the folder, then try again. What was to be saved is still in memory, and the "
        "checkpoint before it is intact.",
        str(error),
    )
