"""What a person asks of a run in work, and how a run that got into trouble goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.engine.conftest import Run, StopAfter
from workbench.engine import checkpoints
from workbench.run.events import Changed, CheckpointSaved, Ended, Evaluated, Notice, Paused, Step, WentOn
from workbench.run.folder import RunFolder
from workbench.run.offers import STOP, Answer, Offer
from workbench.run.orders import ChangeRate, MeasureNow, Order, SaveNow, StopAfterEpoch
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.session import training
from workbench.tasks.text_classification import TextClassification

Recipes = Callable[..., Recipe]


class Orders(training.Control):
    """Gives each order when its step is done; answers problems with the given answers."""

    def __init__(self, orders: dict[int, Order] | None = None, answers: Sequence[Answer] = ()) -> None:
        super().__init__()
        self._at, self._answers = dict(orders or {}), list(answers)
        self._step = 0
        self.asked: list[tuple[Problem, tuple[Offer, ...]]] = []

    def between_steps(self, live: Any) -> None:
        self._step = live.step

    def orders(self) -> Sequence[Order]:
        order = self._at.pop(self._step, None)
        return [order] if order else []

    def hold(self, problem: Problem, offers: Sequence[Offer], live: Any) -> Answer:
        self.asked.append((problem, tuple(offers)))
        return self._answers.pop(0) if self._answers else STOP


def weights(folder: RunFolder) -> dict[str, torch.Tensor]:
    """The weights of a run's newest checkpoint."""
    return load_file(folder.checkpoint_folders()[-1] / "model" / "model.safetensors")


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def losses(events: Sequence[Any]) -> list[float]:
    return [event.loss for event in events if isinstance(event, Step)]


def test_saving_and_measuring_on_demand_do_not_change_the_run(run: Run, recipe: Recipes) -> None:
    quiet, plain = run(recipe())
    folder, events = run(recipe(), Orders({2: SaveNow(), 3: MeasureNow()}))
    assert losses(events) == losses(plain) and same(weights(folder), weights(quiet))
    marked = [event for event in events if isinstance(event, CheckpointSaved) and event.mark]
    assert [event.step for event in marked] == [2] and (folder.path / marked[0].path).is_dir()
    measured = [event.step for event in events if isinstance(event, Evaluated)]
    extra = [step for step in measured if step not in [e.step for e in plain if isinstance(e, Evaluated)]]
    assert extra == [3]


def test_a_checkpoint_saved_by_hand_outlives_the_others(run: Run, recipe: Recipes) -> None:
    chosen = recipe("training.checkpoint_every=1", "training.keep_checkpoints=1", "data.validation=0")
    folder, _ = run(chosen, Orders({2: SaveNow()}))
    names = [path.name for path in folder.checkpoint_folders()]
    assert "step-000002" in names and len(names) == 2


def test_stop_after_this_epoch_ends_there_and_goes_on_to_the_bit(run: Run, recipe: Recipes) -> None:
    whole, plain = run(recipe())
    folder, events = run(recipe(), Orders({2: StopAfterEpoch()}))
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.status == "stopped"
    assert ended.step == next(e.steps_per_epoch for e in events if hasattr(e, "steps_per_epoch"))
    more = list(training.carry_out(training.reopen(folder), training.Control()))
    assert losses(events) + losses(more) == losses(plain) and same(weights(folder), weights(whole))


def test_stop_after_this_epoch_can_be_taken_back(run: Run, recipe: Recipes) -> None:
    _, events = run(recipe(), Orders({1: StopAfterEpoch(), 2: StopAfterEpoch(False)}))
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"


def test_a_changed_rate_is_used_recorded_and_survives_a_resume(run: Run, recipe: Recipes) -> None:
    chosen = recipe("training.schedule=constant", "training.warmup_ratio=0", "training.checkpoint_every=1")
    whole, events = run(chosen, Orders({3: ChangeRate(1e-4)}))
    rates = [event.learning_rate for event in events if isinstance(event, Step)]
    assert rates[:3] == [3e-3] * 3 and rates[3:] == pytest.approx([1e-4] * (len(rates) - 3))
    change = next(event for event in events if isinstance(event, Changed))
    assert (change.step, change.path, change.value) == (3, "training.learning_rate", 1e-4)

    class ThenStop(Orders):
        def between_steps(self, live: Any) -> None:
            super().between_steps(live)
            if live.step == 5:
                self.stop()

    folder, first = run(chosen, ThenStop({3: ChangeRate(1e-4)}))
    more = list(training.carry_out(training.reopen(folder), training.Control()))
    assert losses(first) + losses(more) == losses(events) and same(weights(folder), weights(whole))


class Pauses(training.Control):
    """Is paused after two steps until it was asked twice, saving meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._visits = 0
        self._orders: list[Order] = [SaveNow()]

    @property
    def paused(self) -> bool:
        return 2 <= self._visits < 5

    def between_steps(self, live: Any) -> None:
        self._visits += 1

    def orders(self) -> Sequence[Order]:
        return [self._orders.pop()] if self._visits == 3 and self._orders else ()


def test_a_pause_is_told_saves_and_does_not_change_the_run(run: Run, recipe: Recipes) -> None:
    quiet, plain = run(recipe())
    folder, events = run(recipe(), Pauses())
    kinds = [type(event) for event in events]
    paused, on = kinds.index(Paused), kinds.index(WentOn)
    assert CheckpointSaved in kinds[paused:on] and Step not in kinds[paused:on]
    assert losses(events) == losses(plain) and same(weights(folder), weights(quiet))


class Poisons(Orders):
    """Makes the weights not-a-number after three steps, once."""

    poisoned = False

    def between_steps(self, live: Any) -> None:
        super().between_steps(live)
        if live.step == 3 and not self.poisoned:
            self.poisoned = True
            with torch.no_grad():
                live.model.classifier.weight.fill_(math.nan)


def test_nan_pauses_with_offers_and_goes_on_from_the_last_finite_checkpoint(
    run: Run, recipe: Recipes
) -> None:
    control = Poisons(answers=[Answer("retry")])
    chosen = recipe("training.checkpoint_every=2")
    folder, events = run(chosen, control)
    problem, offers = control.asked[0]
    assert "no longer a number" in problem.title and "learning rate" in problem.cause
    rate = dict(offers[0].changes)["training.learning_rate"]
    assert rate == pytest.approx(chosen.training.learning_rate / 10)
    waited = next(event for event in events if isinstance(event, Paused))
    assert waited.step == 4 and waited.offers == offers  # noticed in the step after the one that broke them
    undisturbed, plain = run(chosen)
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    steps = [event for event in events if isinstance(event, Step)]
    assert [s.step for s in steps] == [1, 2, 3, 4, *range(3, len(losses(plain)) + 1)]
    assert losses(events)[4:] == losses(plain)[2:] and same(weights(folder), weights(undisturbed))


def test_an_offer_for_nan_changes_the_recipe_and_is_recorded(run: Run, recipe: Recipes) -> None:
    control = Poisons(answers=[Answer("retry", (("training.learning_rate", 3e-4),))])
    folder, events = run(recipe("training.checkpoint_every=2"), control)
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    assert folder.recipe().training.learning_rate == 3e-4
    change = next(event for event in events if isinstance(event, Changed))
    assert (change.step, change.value) == (2, 3e-4)
    assert max(e.learning_rate for e in events[events.index(change) :] if isinstance(e, Step)) <= 3e-4


def test_broken_weights_never_push_out_a_good_checkpoint(run: Run, recipe: Recipes) -> None:
    class BeforeSaving(Poisons):
        def orders(self) -> Sequence[Order]:
            return [SaveNow()] if self._step == 3 else ()

    folder, events = run(recipe("training.checkpoint_every=2", "training.keep_checkpoints=1"), BeforeSaving())
    assert isinstance(events[-1], Ended) and events[-1].status == "failed"
    assert [path.name for path in folder.checkpoint_folders()] == ["step-000002"]
    assert checkpoints.damage(folder.checkpoint_folders()[0]) == ""


def test_out_of_memory_offers_smaller_parts_and_the_whole_run_is_done(
    run: Run, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that takes at most eight rows at a time: the run is split and finishes."""
    logits = TextClassification.logits

    def small_device(self: Any, outputs: Any, batch: Any) -> torch.Tensor:
        if torch.is_grad_enabled() and len(batch["labels"]) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return logits(self, outputs, batch)

    monkeypatch.setattr(TextClassification, "logits", small_device)
    control = Orders(answers=[Answer("retry", (("training.accumulation", 2),))])
    folder, events = run(recipe(), control)
    problem, offers = control.asked[0]
    assert problem.title == "Out of memory."
    assert dict(offers[0].changes) == {"training.accumulation": 2}
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    assert folder.recipe().training.accumulation == 2
    assert len(losses(events)) == next(e.total_steps for e in events if hasattr(e, "total_steps"))


def test_out_of_memory_in_the_middle_goes_back_to_the_last_checkpoint(
    run: Run, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step that did not fit is not half applied: what follows equals the run that was not disturbed."""
    whole, plain = run(recipe("training.checkpoint_every=2"))
    control = Orders(answers=[Answer("retry")])
    step = torch.optim.AdamW.step
    calls = {"left": 5}

    def breaks(self: Any, closure: Any = None) -> Any:
        calls["left"] -= self.param_groups[0]["lr"] > 0  # the check before the start has a rate of 0
        if calls["left"] == 0:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return step(self, closure)

    monkeypatch.setattr(torch.optim.AdamW, "step", breaks)
    folder, events = run(recipe("training.checkpoint_every=2"), control)
    assert len(control.asked) == 1 and isinstance(events[-1], Ended) and events[-1].status == "finished"
    assert losses(events)[-len(losses(plain)) + 4 :] == losses(plain)[4:]
    assert same(weights(folder), weights(whole))


def test_early_stopping_ends_the_run_and_keeps_the_best(run: Run, recipe: Recipes) -> None:
    chosen = recipe(
        "training.epochs=6",
        "training.eval_every=1",
        "training.early_stopping=2",
        "training.learning_rate=1e-7",
    )
    _, events = run(chosen)
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.status == "finished"
    assert ended.step < next(e.total_steps for e in events if hasattr(e, "total_steps"))
    assert any(isinstance(e, Notice) and "ends early" in e.text for e in events)


def test_the_plateau_schedule_lowers_the_rate_and_resumes(run: Run, recipe: Recipes) -> None:
    chosen = recipe(
        "training.schedule=plateau",
        "training.warmup_ratio=0",
        "training.eval_every=1",
        "training.plateau_patience=1",
        "training.minimum_gain=1",
    )
    whole, events = run(chosen)
    rates = [event.learning_rate for event in events if isinstance(event, Step)]
    assert rates[0] == 3e-3 and rates[-1] < 3e-4
    folder, first = run(chosen, StopAfter(4))
    more = list(training.carry_out(training.reopen(folder), training.Control()))
    assert losses(first) + losses(more) == losses(events) and same(weights(folder), weights(whole))


def test_the_time_left_is_told_and_falls(run: Run, recipe: Recipes) -> None:
    _, events = run(recipe("training.epochs=6"))
    left = [event.seconds_left for event in events if isinstance(event, Step)]
    assert left[-1] == pytest.approx(0.0, abs=0.2) and max(left) > 0
    assert all(math.isfinite(value) and value >= 0 for value in left)


def test_an_offer_counts_although_the_rate_was_changed_by_hand(run: Run, recipe: Recipes) -> None:
    """What the offer says is what is used: the change by hand was for the recipe's old rate."""

    class Both(Poisons):
        def orders(self) -> Sequence[Order]:
            return [ChangeRate(1e-2)] if self._step == 1 and not self.poisoned else ()

    control = Both(answers=[Answer("retry", (("training.learning_rate", 1e-3),))])
    chosen = recipe("training.schedule=constant", "training.warmup_ratio=0", "training.checkpoint_every=1")
    _, events = run(chosen, control)
    _, offers = control.asked[0]
    assert dict(offers[0].changes)["training.learning_rate"] == pytest.approx(
        1e-3
    )  # a tenth of what was used
    rates = [event.learning_rate for event in events if isinstance(event, Step)]
    assert rates[1] == pytest.approx(1e-2) and rates[-1] == 1e-3


def test_a_changed_rate_is_not_forgotten_by_a_crash(run: Run, recipe: Recipes) -> None:
    """The order is in a checkpoint at once, so that whatever happens next the run goes on with it."""
    _, events = run(recipe(), Orders({2: ChangeRate(1e-4)}))
    kinds = [type(event) for event in events]
    change = kinds.index(Changed)
    saved = next(event for event in events[change:] if isinstance(event, CheckpointSaved))
    assert saved.step == 2


def test_stop_after_the_last_epoch_is_the_end_of_the_run(run: Run, recipe: Recipes) -> None:
    _, events = run(recipe("training.epochs=1", "data.test=0.2"), Orders({2: StopAfterEpoch()}))
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    assert any(isinstance(event, Evaluated) and event.split == "test" for event in events)


def test_out_of_memory_before_the_first_step_waits_as_well(
    run: Run, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.engine import train

    assemble = train.assemble
    left = {"times": 1}

    def full(*args: Any) -> Any:
        left["times"] -= 1
        if left["times"] == 0:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return assemble(*args)

    monkeypatch.setattr(train, "assemble", full)
    control = Orders(answers=[Answer("retry")])
    _, events = run(recipe(), control)
    assert control.asked[0][0].title == "Out of memory."
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"


def test_a_stop_in_the_test_measurement_of_an_early_end_keeps_the_last_weights(
    run: Run, recipe: Recipes
) -> None:
    """The checkpoint holds the weights of its step, although the chosen ones are in the model by then."""
    chosen = recipe(
        "training.epochs=6",
        "training.eval_every=1",
        "training.early_stopping=2",
        "training.learning_rate=1e-7",
        "data.test=0.2",
    )

    class InTheTest(training.Control):
        over = False

        @property
        def stopping(self) -> bool:
            return self.over

    whole, plain = run(chosen)
    control = InTheTest()
    prepared = training.begin(_home(whole), chosen)
    events = []
    for event in training.carry_out(prepared, control):
        events.append(event)
        if isinstance(event, Notice) and "ends early" in event.text:
            control.over = True
    assert same(weights(prepared.folder), weights(whole))
    more = list(training.carry_out(training.reopen(prepared.folder), training.Control()))
    assert (
        isinstance(more[-1], Ended)
        and more[-1].status == "finished"
        and more[-1].metrics == plain[-1].metrics
    )


def _home(folder: RunFolder) -> Any:
    from workbench.run.home import Home

    return Home(folder.path.parent.parent)


def test_a_run_that_goes_on_elsewhere_says_that_it_is_not_equal_to_the_bit(run: Run, recipe: Recipes) -> None:
    folder, _ = run(recipe(), StopAfter(3))
    folder.write_environment(folder.environment() | {"device": "an abacus"})
    more = list(training.carry_out(training.reopen(folder), training.Control()))
    warning = next(event for event in more if isinstance(event, Notice) and event.level == "warning")
    assert "an abacus" in warning.text and "not equal to the bit" in warning.text
