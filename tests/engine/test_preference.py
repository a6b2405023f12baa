"""Preference tuning on tiny random models: its losses are the papers', and its reference is the model of before."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.engine.conftest import Run, StopAfter
from workbench.engine.methods.lora import Lora
from workbench.engine.methods.reference import only_adapters_learn, without_adapters
from workbench.engine.preferences import answer_log_probabilities, log_odds, rewards
from workbench.run.events import Ended, Evaluated, Event, Step
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.session import training
from workbench.tasks.preference import Pairs, PreferenceTuning


def _batch() -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Two answers of two and three tokens, behind prompts of two; logits float64."""
    ids = torch.tensor([[1, 2, 3, 4, 0], [1, 2, 4, 3, 2]])
    logits = torch.randn(2, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    places, owners = torch.tensor([1, 2, 6, 7, 8]), torch.tensor([0, 0, 1, 1, 1])
    return {"input_ids": ids, "answering": places, "answer_row": owners}, logits.requires_grad_()


def _by_hand(batch: dict[str, torch.Tensor], logits: torch.Tensor) -> list[float]:
    """log P of each answer, token by token."""
    found = []
    for row, length in ((0, 4), (1, 5)):
        z = logits[row].detach().numpy()
        tokens = range(1, length - 1)
        found.append(sum(z[t, batch["input_ids"][row, t + 1]] - math.log(np.exp(z[t]).sum()) for t in tokens))
    return found


def test_an_answers_probability_is_the_product_of_its_tokens() -> None:
    batch, logits = _batch()
    found = answer_log_probabilities(logits, batch)
    assert found.dtype == torch.float64
    assert found.tolist() == pytest.approx(_by_hand(batch, logits), rel=1e-12)


def test_dpo_is_its_closed_form() -> None:
    batch, logits = _batch()
    reference, beta = torch.tensor([-3.0, -2.5], dtype=torch.float64), torch.tensor(0.3, dtype=torch.float64)
    worth = rewards(answer_log_probabilities(logits, batch), reference, beta)[None]
    each = torch.nn.CrossEntropyLoss(reduction="none")
    loss = PreferenceTuning().summed_loss(worth, torch.tensor([0]), {"beta": beta}, each)
    chosen, rejected = _by_hand(batch, logits)
    margin = 0.3 * ((chosen + 3.0) - (rejected + 2.5))
    assert float(loss.detach()) == pytest.approx(math.log1p(math.exp(-margin)), rel=1e-12)
    # Its gradient is β·σ(−margin) times that of the rejected less the chosen answer's log-probability.
    loss.backward()
    own = logits.grad
    logits.grad = None
    pair = answer_log_probabilities(logits, batch)
    (0.3 / (1 + math.exp(margin)) * (pair[1] - pair[0])).backward()
    assert own is not None and torch.allclose(own, logits.grad, rtol=1e-10, atol=1e-14)


def test_orpo_is_its_closed_form() -> None:
    batch, logits = _batch()
    tokens = torch.tensor([2.0, 3.0], dtype=torch.float64)
    worth = log_odds(answer_log_probabilities(logits, batch), tokens)[None]
    each = torch.nn.CrossEntropyLoss(reduction="none")
    weight = torch.tensor(0.25, dtype=torch.float64)
    loss = PreferenceTuning().summed_loss(worth, torch.tensor([0]), {"odds_weight": weight}, each)
    means = [value / n for value, n in zip(_by_hand(batch, logits), (2, 3), strict=True)]
    odds = [math.exp(mean) / (1 - math.exp(mean)) for mean in means]
    ratio = math.log(odds[0] / odds[1])
    assert float(loss.detach()) == pytest.approx(-means[0] + 0.25 * math.log1p(math.exp(-ratio)), rel=1e-12)


def test_a_certain_answer_has_finite_odds_and_gradients() -> None:
    certain = torch.zeros(2, requires_grad=True)
    odds = log_odds(certain, torch.tensor([3.0, 1.0]))
    odds.sum().backward()
    assert bool(torch.isfinite(odds).all()) and bool(torch.isfinite(certain.grad).all())  # type: ignore[arg-type]


def _measured(events: list[Event]) -> list[dict[str, float]]:
    return [event.metrics for event in events if isinstance(event, Evaluated) and event.split == "validation"]


@pytest.mark.parametrize("kind", ["all", "lora"])
def test_dpo_begins_as_its_own_reference_and_learns(
    run: Run, preference_recipe: Callable[..., Recipe], kind: str
) -> None:
    _, events = run(preference_recipe(f"weights.kind={kind}"))
    first, last = _measured(events)[0], _measured(events)[-1]
    # Before the first step the model is the reference: no reward differs from 0, and the loss is log 2.
    assert first["loss"] == pytest.approx(math.log(2), abs=1e-5)
    assert first["margin"] == pytest.approx(0, abs=1e-4)
    assert last["loss"] < 0.6 and last["margin"] > 0 and last["accuracy"] > 0.8
    losses = [event.loss for event in events if isinstance(event, Step)]
    assert losses[0] == pytest.approx(math.log(2), abs=1e-4) and losses[-1] < losses[0]


def test_orpo_learns_without_a_reference(run: Run, preference_recipe: Callable[..., Recipe]) -> None:
    _, events = run(preference_recipe("preference.objective=orpo"))
    first, last = _measured(events)[0], _measured(events)[-1]
    assert (
        last["loss"] < first["loss"] and last["chosen"] > first["chosen"] and last["margin"] > first["margin"]
    )


def test_a_resumed_run_has_the_reference_of_its_beginning(
    home: Home, run: Run, preference_recipe: Callable[..., Recipe]
) -> None:
    """With all weights learning, a checkpoint holds no trace of the model of before: it is loaded anew."""
    recipe = preference_recipe("training.max_steps=6", "training.eval_every=3")
    _, whole = run(recipe)
    cut, _ = run(recipe, StopAfter(3))
    resumed = list(training.carry_out(training.reopen(cut), training.Control()))

    def told(events: list[Event]) -> list[tuple[int, float]]:
        return [(e.step, e.loss) for e in events if isinstance(e, Step) and e.step > 3]

    assert told(resumed) == told(whole)
    assert isinstance(resumed[-1], Ended) and isinstance(whole[-1], Ended)
    assert resumed[-1].metrics == whole[-1].metrics


def test_the_reference_has_neither_adapters_nor_dropout(
    tiny_llama: Path, preference_recipe: Callable[..., Recipe]
) -> None:
    recipe = preference_recipe("weights.kind=lora", "weights.lora_dropout=0.5")
    model, _ = PreferenceTuning().load(recipe, None, tiny_llama)  # type: ignore[arg-type]  # rows are not looked at
    ids = torch.arange(10, 20)[None]
    with torch.no_grad():
        before = model.eval()(input_ids=ids).logits
    Lora().reshape(model, recipe)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_()
    model.train()
    assert only_adapters_learn(model)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    with torch.no_grad():
        with without_adapters(model) as reference:
            assert torch.equal(reference(input_ids=ids).logits, before)
        assert model.training and not torch.allclose(model.eval()(input_ids=ids).logits, before)
    assert trained and all(weight.requires_grad for weight in trained)


def test_both_answers_keep_the_same_part_of_a_long_prompt(
    tiny_llama: Path, preference_recipe: Callable[..., Recipe]
) -> None:
    task, recipe = PreferenceTuning(), preference_recipe("training.max_length=32")
    rows = task.read(recipe)
    long = rows.content.train[0]._replace(
        prompt=({"role": "user", "content": "tell me " * 20},), rejected="no " * 30
    )
    rows = dataclasses.replace(rows, content=dataclasses.replace(rows.content, train=(long,)))
    goods = task.encode(recipe, rows, *task.load(recipe, rows, tiny_llama))
    pairs = goods.train
    assert isinstance(pairs, Pairs) and pairs.lengths.tolist() == [32]
    (first, second), (chosen, rejected) = pairs.starts[0], (pairs.input_ids[0], pairs.rejected[0])
    assert first == second == 8 and chosen[:8].tolist() == rejected[:8].tolist()
    assert goods.tokenizer.decode(chosen[8:]).strip().startswith(long.chosen)
    assert any("of more than 32 tokens" in note for note in goods.notes)


def test_rows_that_are_no_pairs_are_set_aside_and_told(
    write: Callable[[str, str], Path], preference_recipe: Callable[..., Recipe]
) -> None:
    good = [{"prompt": f"p{i}", "chosen": "a", "rejected": "b"} for i in range(8)]
    same, empty = (
        {"prompt": "p", "chosen": "a", "rejected": "a"},
        {"prompt": "p", "chosen": "", "rejected": "b"},
    )
    file = write("pairs.jsonl", "\n".join(map(json.dumps, [*good, same, empty])))
    other = write("held.jsonl", "\n".join(map(json.dumps, good)))
    rows = PreferenceTuning().read(preference_recipe(f"data.train={file}", f"data.validation={other}"))
    assert rows.train_rows == 8
    assert any("2 rows were set aside. Row 9: The two answers are the same." in note for note in rows.notes)
    alone = write("alone.jsonl", "\n".join(map(json.dumps, [same] * 3)))
    with pytest.raises(WorkbenchError, match="No pairs of answers are left"):
        PreferenceTuning().read(preference_recipe(f"data.train={alone}", f"data.validation={other}"))
    chat = write("chat.jsonl", "\n".join(json.dumps({"prompt": f"{i}", "completion": "a"}) for i in range(8)))
    with pytest.raises(WorkbenchError, match="chosen"):
        PreferenceTuning().read(preference_recipe(f"data.train={chat}"))


def test_conversations_share_their_turns(
    write: Callable[[str, str], Path], preference_recipe: Callable[..., Recipe]
) -> None:
    """As in hh-rlhf: whole conversations, of which the last answer alone differs."""
    start = "\n\nHuman: Hi\n\nAssistant: Hello.\n\nHuman: Who are you?\n\nAssistant: "
    lines = [{"chosen": f"{start}Number {i}.", "rejected": f"{start}{i}"} for i in range(8)]
    file = write("hh.jsonl", "\n".join(map(json.dumps, lines)))
    rows = PreferenceTuning().read(preference_recipe(f"data.train={file}"))
    pair = rows.content.train[0]
    assert [turn["role"] for turn in pair.prompt] == ["user", "assistant", "user"]
    assert pair.chosen == f"Number {pair.rejected}."
