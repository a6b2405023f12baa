"""What a report shows of the inside of a model, looked at in memory when its training is over, at a small cost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from workbench.run.events import Ended
from workbench.run.inside.ablation import Importance
from workbench.run.problem import WorkbenchError
from workbench.run.target_rows import TARGETS
from workbench.run.task_kinds import writes
from workbench.session.preparing import Prepared

if TYPE_CHECKING:
    from workbench.engine.loading import LoadedModel
    from workbench.engine.task import Split
    from workbench.session.report import Looks

T = TypeVar("T")
#: A training of fewer seconds is not looked into beyond its attention: no report lasts longer than the training did.
LONG = 5.0
#: Rows for the estimate of which heads matter: at most so many; a share of what was trained on; too few say nothing.
MOST_ROWS, SHARE, FEWEST_ROWS = 32, 0.02, 8
#: The checks look through so many rows for each second of training, or not at all.
ROWS_A_SECOND = 200
#: Held-out rows are read once more where they are at most this share of the rows that were trained on.
ROWS_SHARE = 0.5
#: Suspects that a report lists.
LISTED = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """The model as it is in memory, and the rows that it never learned from."""

    model: LoadedModel
    held_out: Split


def report(prepared: Prepared, ended: Ended, subject: Subject | None) -> None:
    """Write the report and its pictures; that they cannot be written is no reason to lose the run."""
    if not ended.step or subject is None:
        return
    from workbench.engine.sharing import sharding_wanted
    from workbench.session.cards import write_card
    from workbench.session.report import Looks, write_report

    looks = Looks()
    sample = prepared.task.sample_text(prepared.rows)
    # After a failure the weights in memory may be anything; a part of a model cannot look alone.
    if sample and ended.status != "failed" and not sharding_wanted():
        looks = _tried(prepared, lambda: _inside(prepared, ended, subject, sample)) or looks
    if ended.seconds > LONG:
        seen = looks
        looks = _tried(prepared, lambda: _outside(prepared, ended, subject, seen)) or looks
    _tried(prepared, lambda: write_report(prepared.folder, looks))
    if (prepared.folder.model / "config.json").is_file():
        _tried(prepared, lambda: write_card(prepared.folder, looks.numbers))


def _inside(prepared: Prepared, ended: Ended, subject: Subject, sample: str) -> Looks:
    """What there is to see in the model, on one text."""
    from workbench.engine.attention import attention_maps
    from workbench.engine.inside.attributions import explain
    from workbench.engine.inside.lens import layer_lens
    from workbench.session.report import Looks

    model = subject.model
    looks = Looks(attention=_tried(prepared, lambda: attention_maps(model, sample, max_tokens=24)))
    if ended.seconds <= LONG:
        return looks
    looks = replace(
        looks,
        lens=_tried(prepared, lambda: layer_lens(model, sample, 24)),
        importance=_tried(prepared, lambda: _important(prepared, ended, subject)),
    )
    if model.class_names:  # it takes a second, and minutes for a language model
        looks = replace(looks, explanation=_tried(prepared, lambda: explain(model, sample, max_tokens=32)))
    return looks


def _outside(prepared: Prepared, ended: Ended, subject: Subject, looks: Looks) -> Looks:
    """What there is to say of the rows: each held-out one, labels that may be wrong, and the data."""
    from workbench.engine.sharing import sharding_wanted
    from workbench.session.lanes import lone_desk
    from workbench.session.report import scores_of
    from workbench.session.report_data import look_at_data
    from workbench.session.scoring.answers import answer_losses
    from workbench.session.scoring.measuring import RowsRequest, evaluate_rows
    from workbench.session.scoring.targets import evaluate_targets
    from workbench.session.suspects import SuspectsRequest, suspects

    home, folder, desk = prepared.home, prepared.folder, lone_desk()
    read = prepared.rows.train_rows + prepared.rows.validation_rows
    checks = read <= ROWS_A_SECOND * ended.seconds
    looks = replace(looks, data=_tried(prepared, lambda: look_at_data(home, folder, desk, checks=checks)))
    # Only a finished run's weights in memory are those that it kept.
    known = ended.status == "finished" and (folder.model / "config.json").is_file() and not sharding_wanted()
    kind = prepared.recipe.task.kind
    few = 0 < len(subject.held_out) <= ROWS_SHARE * ended.samples
    if known and few and kind in TARGETS:
        targets = _tried(prepared, lambda: evaluate_targets(home, str(folder.path), desk))
        looks = replace(looks, targets=targets)
    if known and few and writes(kind):
        model = replace(subject.model, name=folder.name)
        answers = _tried(prepared, lambda: answer_losses(home, folder, desk, model))
        looks = replace(looks, answers=answers)
    if kind != "text-classification" or not known:
        return looks
    model = replace(subject.model, name=folder.name)
    if few:
        request = RowsRequest(str(folder.path))
        rows = _tried(prepared, lambda: evaluate_rows(home, request, desk, model))
        looks = replace(looks, rows=rows, scores=_tried(prepared, lambda: scores_of(rows)))
    asked = SuspectsRequest(str(folder.path), most=LISTED)
    return replace(looks, suspects=_tried(prepared, lambda: suspects(home, asked, desk)))


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
