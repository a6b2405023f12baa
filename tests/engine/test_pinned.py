"""Answers to pinned prompts while a model trains: they change nothing, survive a resume, and may fail without harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
import torch

from tests.engine.conftest import Run, StopAfter
from tests.engine.saving import sums
from workbench.engine import pinned as engine_pinned
from workbench.engine.generation import generate
from workbench.engine.loading import load_for_use
from workbench.run.events import Ended, Event, Notice, Step
from workbench.run.generation import GenerationSettings
from workbench.run.home import Home
from workbench.run.orders import PinPrompts
from workbench.run.pinned import Pinned, read_pinned
from workbench.run.recipe import Recipe
from workbench.session import inspection, training
from workbench.session.lanes import lone_desk
from workbench.session.requests import GenerationRequest

Recipes = Callable[..., Recipe]
ALL = ("pinned.on=true", "pinned.every=4", "pinned.length=6", "training.max_steps=8")


def pinned_of(run: Path) -> Pinned:
    found = read_pinned(run)
    assert found is not None
    return found


def losses(events: list[Event]) -> list[tuple[int, float, float]]:
    return [(e.step, e.loss, e.gradient_norm) for e in events if isinstance(e, Step)]


def weights(folder: Path) -> dict[str, str]:
    return {name: value for name, value in sums(folder).items() if name.endswith(".safetensors")}


def test_a_run_that_answers_equals_one_that_does_not_to_the_bit(chat_recipe: Recipes, run: Run) -> None:
    chance = ("weights.kind=lora", "weights.lora_dropout=0.3")  # every step draws from the random state
    asked, events = run(chat_recipe(*ALL, *chance))
    plain, others = run(chat_recipe("training.max_steps=8", *chance))
    assert losses(events) == losses(others)
    assert weights(asked.model) == weights(plain.model) != {}
    assert read_pinned(plain.path) is None
    found = pinned_of(asked.path)
    assert [moment.step for moment in found.moments] == [0, 4, 8] and found.on
    assert len(found.prompts) == 2 and all(prompt.startswith("Say ") for prompt in found.prompts)
    assert found.moments[-1].spent > 0 and found.cost > 0


def test_the_last_answer_is_the_saved_model_s_own(lm_recipe: Recipes, run: Run) -> None:
    folder, _ = run(lm_recipe("pinned.on=true", "pinned.prompts=once upon | rain", "training.max_steps=4"))
    [*_, (moment, answer)] = pinned_of(folder.path).of("once upon")
    assert moment.step == 4
    last = load_for_use(folder.checkpoint_folders()[-1] / "model", "last", torch.device("cpu"))
    settings = GenerationSettings(temperature=0, max_new_tokens=40, chat=False)
    [alone] = generate(last, "once upon", settings)
    assert (answer.text, answer.stopped_by) == (alone.text, alone.stopped_by)
    assert len(answer.pieces) == len(alone.tokens)


def test_a_resumed_run_goes_on_with_its_answers_without_doubled_ones(chat_recipe: Recipes, run: Run) -> None:
    recipe = chat_recipe(*ALL, "pinned.every=2", "training.checkpoint_every=3")
    whole, _ = run(recipe)
    cut, _ = run(recipe, StopAfter(5))
    rmtree(cut.checkpoint_folders()[-1])  # the answers are ahead of the checkpoint, as after a crash
    assert [m.step for m in pinned_of(cut.path).moments] == [0, 2, 4]
    list(training.carry_out(training.reopen(cut), training.Control()))
    one, other = pinned_of(whole.path), pinned_of(cut.path)
    assert [m.step for m in other.moments] == [m.step for m in one.moments] == [0, 2, 4, 6, 8]
    assert [m.answers for m in other.moments] == [m.answers for m in one.moments]


class Telling(training.Control):
    """Gives orders when a step is done."""

    def __init__(self, orders: dict[int, PinPrompts]) -> None:
        super().__init__()
        self._told, self._step = orders, 0

    def between_steps(self, live: Any) -> None:
        self._step = live.step

    def orders(self) -> list[Any]:
        return [self._told.pop(self._step)] if self._step in self._told else []


def test_prompts_can_be_pinned_and_switched_off_while_the_run_is_in_work(
    chat_recipe: Recipes, run: Run
) -> None:
    control = Telling({2: PinPrompts(("Say maybe",)), 6: PinPrompts(on=False)})
    # Orders are taken where losses are read; at every step here, since each is answered.
    recipe = chat_recipe(*ALL, "pinned.every=1")
    folder, _ = run(recipe, control)
    found = pinned_of(folder.path)
    assert found.prompts == ("Say maybe",) and not found.on
    steps = [moment.step for moment, _ in found.of("Say maybe")]
    assert steps and steps[-1] < 8 and found.moments[-1].step < 8
    assert found.asked[0] == "Say maybe" and len(found.asked) == 3


def test_a_prompt_pinned_in_a_run_that_had_none_is_answered_soon(chat_recipe: Recipes, run: Run) -> None:
    folder, _ = run(chat_recipe("training.max_steps=8"), Telling({1: PinPrompts(("Say maybe",))}))
    assert pinned_of(folder.path).of("Say maybe")[0][0].step <= 8


def test_out_of_memory_while_answering_is_said_once_and_the_training_goes_on(
    chat_recipe: Recipes, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, others = run(chat_recipe("training.max_steps=8"))
    answered: list[int] = []

    def full(*args: Any, **more: Any) -> Any:
        answered.append(1)
        if len(answered) > 2:
            raise torch.OutOfMemoryError("the device's memory is full")
        return generate(*args, **more)

    monkeypatch.setattr(engine_pinned, "generate", full)
    folder, events = run(chat_recipe(*ALL))
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    said = [e for e in events if isinstance(e, Notice) and "pinned prompts" in e.text]
    assert len(said) == 1 and said[0].level == "warning" and "memory" in said[0].text.lower()
    assert [moment.step for moment in pinned_of(folder.path).moments] == [0]
    assert losses(events) == losses(others) and weights(folder.model) == weights(plain.model)


def test_an_encoder_decoder_answers_and_a_classifier_does_not(
    seq2seq_recipe: Recipes, recipe: Recipes, run: Run, home: Home
) -> None:
    folder, _ = run(seq2seq_recipe("pinned.on=true", "pinned.length=4", "training.max_steps=2"))
    assert [moment.step for moment in pinned_of(folder.path).moments] == [0, 2]
    classifier, _ = run(recipe("training.max_steps=2"))
    assert read_pinned(classifier.path) is None


def test_a_torn_history_is_read_up_to_the_damage(lm_recipe: Recipes, run: Run) -> None:
    folder, _ = run(lm_recipe("pinned.on=true", "pinned.length=3", "training.max_steps=2"))
    before = pinned_of(folder.path)
    with (folder.path / "pinned.jsonl").open("ab") as file:
        file.write(b'{"unknown": 1}\n\xff\xfe\n{"step": 9, "ans')
    assert pinned_of(folder.path) == before


def test_a_checkpoint_of_a_lora_run_answers_as_the_run_did_then(
    chat_recipe: Recipes, run: Run, home: Home
) -> None:
    changes = ("weights.kind=lora", "training.checkpoint_every=4", "pinned.prompts=Say yes 3")
    folder, _ = run(chat_recipe(*ALL, *changes, "training.learning_rate=0.05"))
    said = {moment.step: answer.text for moment, answer in pinned_of(folder.path).of("Say yes 3")}
    assert said[4] != said[0]
    checkpoint = folder.checkpoints / "step-000004"
    asked = GenerationRequest(
        str(checkpoint), "Say yes 3", GenerationSettings(temperature=0, max_new_tokens=6)
    )
    assert inspection.generate(home, asked, lone_desk())[0].text == said[4]
