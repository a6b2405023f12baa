"""What can be wrong with conversations and their models: each is told in words, or passed over and told."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.engine.conftest import Run
from workbench.engine import chat_template
from workbench.engine.task import Goods
from workbench.run.events import Ended, Event, Notice
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.session import training
from workbench.session.chat_preview import chat_preview
from workbench.session.lanes import lone_desk
from workbench.tasks.chat import ChatTuning
from workbench.tasks.seq2seq import SequenceToSequence

Recipes = Callable[..., Recipe]
Model = Callable[..., Path]


@pytest.fixture
def model(tiny_llama: Path, tmp_path: Path) -> Model:
    """A copy of the tiny Llama with another chat template, or without some special tokens."""

    def make(template: str = "", without: tuple[str, ...] = ()) -> Path:
        folder = shutil.copytree(tiny_llama, tmp_path / "model")
        file = folder / "tokenizer_config.json"
        settings = json.loads(file.read_text(encoding="utf-8"))
        settings = {key: value for key, value in settings.items() if key not in without}
        file.write_text(json.dumps(settings), encoding="utf-8")
        if template:
            (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        return folder

    return make


def ended(events: list[Event]) -> Ended:
    last = events[-1]
    assert isinstance(last, Ended)
    return last


def notices(events: list[Event]) -> str:
    return " ".join(event.text for event in events if isinstance(event, Notice))


def test_conversations_that_begin_with_the_answer_are_refused_by_row(
    chat_recipe: Recipes, tmp_path: Path
) -> None:
    turns = [{"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Hi."}]
    file = tmp_path / "begun.jsonl"
    file.write_text("\n".join(json.dumps({"messages": turns}) for _ in range(5)), encoding="utf-8")
    with pytest.raises(
        WorkbenchError, match="Row 1: Turn 1 is the assistant's, and nobody has asked"
    ) as caught:
        ChatTuning().read(chat_recipe(f"data.train={file}", "data.validation=0"))
    assert caught.value.problem.field == "data.train"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ messages.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% set c = b %}{% endfor %}{% endfor %}",
            "to an end",
        ),
    ],
)
def test_a_hostile_template_is_refused_before_anything_is_learned(
    run: Run, home: Home, chat_recipe: Recipes, model: Model, template: str, words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(chat_template, "SECONDS", 0.1)
    recipe = chat_recipe(f"model.source={model(template)}")
    with pytest.raises(WorkbenchError, match=words) as caught:
        chat_preview(home, recipe, 0, lone_desk())
    assert caught.value.problem.field == "chat.template" and "plain" in caught.value.problem.remedy
    _, events = run(recipe)
    problem = ended(events).problem
    assert problem is not None and problem.field == "chat.template" and words in problem.cause


def test_a_model_without_padding_and_end_tokens_learns_and_is_told_of(
    run: Run, chat_recipe: Recipes, model: Model
) -> None:
    folder = model(without=("pad_token", "eos_token"))
    _, events = run(chat_recipe(f"model.source={folder}", "training.max_steps=4"))
    assert ended(events).status == "finished"
    assert "no end token, so that it never learns where an answer ends" in notices(events)


class _Starving(ChatTuning):
    """Asks for more memory than there is whenever it writes."""

    def written_samples(self, goods: Goods, cancelled: Callable[[], bool]) -> list[dict[str, str]]:
        torch.empty(2**60, dtype=torch.uint8)
        return []


def test_a_run_goes_on_where_memory_does_not_suffice_to_write(home: Home, chat_recipe: Recipes) -> None:
    recipe = chat_recipe("training.max_steps=3", "pinned.on=false")
    prepared = dataclasses.replace(training.begin(home, recipe), fits=True, task=_Starving())
    events = list(training.carry_out(prepared, training.Control()))
    assert ended(events).status == "finished"
    assert "write samples before the training" in notices(events) and "samples after" in notices(events)


def test_held_out_answers_are_written_one_by_one_where_memory_does_not_suffice(
    seq2seq_recipe: Recipes, tiny_t5: Path
) -> None:
    recipe = seq2seq_recipe("answer.written=6")
    task = SequenceToSequence()
    rows = task.read(recipe)
    model, tokenizer = task.load(recipe, rows, tiny_t5)
    goods = task.encode(recipe, rows, model, tokenizer)
    batch = task.collate(goods.validation, torch.arange(len(goods.validation)).numpy(), 0)
    indexes = torch.arange(len(goods.validation)).numpy()
    model.eval()

    def starve(encoder: object, inputs: object, named: dict[str, torch.Tensor]) -> None:
        if len(named["input_ids"]) == 6:
            torch.empty(2**60, dtype=torch.uint8)

    with torch.no_grad():
        plain = task.score(model, batch, indexes).written
        bare: Any = model
        bare.get_encoder().register_forward_pre_hook(starve, with_kwargs=True)
        assert task.score(model, batch, indexes).written == plain
    assert len(plain) == 6


@pytest.mark.parametrize(
    ("task", "words"), [("seq2seq", "one text from another"), ("chat", "go on from a text")]
)
def test_a_model_of_the_wrong_kind_is_refused_before_a_run_is_made(
    home: Home, chat_recipe: Recipes, tiny_llama: Path, tiny_t5: Path, task: str, words: str
) -> None:
    model = tiny_llama if task == "seq2seq" else tiny_t5
    with pytest.raises(WorkbenchError, match=words) as caught:
        training.begin(home, chat_recipe(f"model.source={model}", f"task.kind={task}"))
    assert caught.value.problem.field == "model.source"
    assert not home.runs.exists()
