"""What a report shows of the inside of a model, looked at in memory when its training is over, at a small cost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from workbench.run.events import Ended
from workbench.run.inside.ablation import Importance
from workbench.run.problem import WorkbenchError
from workbench.session.preparing import Prepared

if TYPE_CHECKING:
    from workbench.engine.loading import LoadedModel
    from workbench.engine.task import Split

T = TypeVar("T")
#: A training of fewer seconds is not looked into beyond its attention: no report lasts longer than the training did.
LONG = 5.0
#: Rows for the estimate of which heads matter: at most so many; a share of what was trained on; too few say nothing.
MOST_ROWS, SHARE, FEWEST_ROWS = 32, 0.02, 8


@dataclass(frozen=True, slots=True)
class Subject:
    """The model as it is in memory, and the rows that it never learned from."""

    model: LoadedModel
    held_out: Split


def report(prepared: Prepared, ended: Ended, subject: Subject | None) -> None:
    """Write the report and its pictures; that they cannot be written is no reason to lose the run."""
    if not ended.step or subject is None:
        return
    from workbench.engine.attention import attention_maps
    from workbench.engine.inside.attributions import explain
    from workbench.engine.inside.lens import layer_lens
    from workbench.engine.sharing import sharding_wanted
    from workbench.session.report import write_report

    model, sample = subject.model, prepared.task.sample_text(prepared.rows)
    maps = explanation = lens = heads = None
    # After a failure the weights in memory may be anything; a part of a model cannot look alone.
    if sample and ended.status != "failed" and not sharding_wanted():
        maps = _tried(prepared, lambda: attention_maps(model, sample, max_tokens=24))
        if ended.seconds > LONG:
            lens = _tried(prepared, lambda: layer_lens(model, sample, 24))
            heads = _tried(prepared, lambda: _important(prepared, ended, subject))
        # It takes a second, and minutes for a language model.
        if model.class_names and ended.seconds > LONG:
            explanation = _tried(prepared, lambda: explain(model, sample, max_tokens=32))
    _tried(
        prepared,
        lambda: write_report(
            prepared.folder, attention=maps, explanation=explanation, lens=lens, importance=heads
        ),
    )


def _tried(prepared: Prepared, look: Callable[[], T]) -> T | None:
    """What a look gives; None where the model does not allow it. The report does without."""
    try:
        return look()
    except WorkbenchError:  # a model without readable attention has no picture
        return None
    except Exception:
        logging.getLogger(__name__).exception("the report of %s lacks a part", prepared.folder.name)
        return None


def _important(prepared: Prepared, ended: Ended, subject: Subject) -> Importance | None:
    """The quick estimate on some held-out rows; None where they would be too few.

    A row costs about four thirds of what it costs in training: one more forward pass. Two rows for each hundred that
    were trained on are about 3 % of the training.
    """
    from workbench.engine.inside.ablation import choose_rows, hold_out
    from workbench.engine.inside.head_gates import head_places
    from workbench.engine.inside.importance import gradient_importance

    rows = min(MOST_ROWS, round(SHARE * ended.samples), len(subject.held_out))
    if rows < FEWEST_ROWS:
        return None
    model = subject.model
    places = head_places(model.model)
    held = hold_out(model, places, prepared.task, prepared.rows, choose_rows(subject.held_out, rows))
    return gradient_importance(model, places, held, lambda: None)
