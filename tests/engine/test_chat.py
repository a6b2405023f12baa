"""Chat tuning: the loss of the answers alone, packed rows that do not see each other, and a whole run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.engine.conftest import Run
from workbench.engine.packing import keeps_apart, packs, positions
from workbench.engine.task import Goods, Split
from workbench.run.events import Evaluated, Notice
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.session.chat_preview import chat_preview
from workbench.session.lanes import lone_desk
from workbench.tasks import task_named

Recipes = Callable[..., Recipe]
CHAT = task_named("chat")


def prepared(recipe: Recipe) -> Goods:
    rows = CHAT.read(recipe)
    model, tokenizer = CHAT.load(recipe, rows, Path(recipe.model.source))
    model.eval()
    return CHAT.encode(recipe, rows, model, tokenizer)


def summed(model: Any, split: Split, rows: list[int]) -> torch.Tensor:
    """The loss as training computes it."""
    indexes = np.array(rows)
    batch = CHAT.collate(split, indexes, 0)
    logits, targets = CHAT.logits(CHAT.outputs(model, batch), batch), CHAT.targets(batch)
    assert len(targets) == CHAT.terms(split, indexes)
    return torch.nn.functional.cross_entropy(logits, targets, reduction="sum")


def test_the_loss_is_that_of_the_answers_computed_by_hand(chat_recipe: Recipes) -> None:
    goods = prepared(chat_recipe())
    by_hand = 0.0
    with torch.no_grad():
        for row in range(5):
            ids = torch.from_numpy(goods.train.input_ids[row].astype(np.int64))
            likely = torch.log_softmax(goods.model(input_ids=ids[None]).logits[0].float(), dim=-1)
            text = goods.tokenizer.decode(ids)
            answer = text.index("Assistant:") + len("Assistant:")
            # Each token of this tokenizer is a byte, but for the end token.
            learned = [*range(answer, text.index("<end>") + 1)]
            assert goods.train.counts is not None
            assert np.flatnonzero(goods.train.counts[row]).tolist() == learned
            by_hand -= sum(float(likely[place - 1, ids[place]]) for place in learned)
        assert float(summed(goods.model, goods.train, [0, 1, 2, 3, 4])) == pytest.approx(by_hand, rel=1e-5)


def test_packed_rows_have_the_losses_and_gradients_of_unpacked_ones(chat_recipe: Recipes) -> None:
    alone, together = prepared(chat_recipe()), prepared(chat_recipe("chat.packing=true"))
    assert len(together.train) < len(alone.train) / 2
    assert together.train.lengths.sum() == alone.train.lengths.sum()
    results = []
    for goods in (alone, together):
        loss = summed(goods.model, goods.train, [*range(len(goods.train))])
        loss.backward()
        results.append((loss.detach(), [p.grad for p in goods.model.parameters()]))
    (one, ones), (other, others) = results
    assert float(one) == pytest.approx(float(other), rel=1e-5)
    for a, b in zip(ones, others, strict=True):
        assert a is not None and b is not None
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_a_packed_row_without_its_places_would_be_another_loss(chat_recipe: Recipes) -> None:
    """The test above can fail: conversations that see each other come to another loss."""
    goods = prepared(chat_recipe("chat.packing=true"))
    mixed = Split(goods.train.input_ids, counts=goods.train.counts)
    rows = [*range(len(mixed))]
    with torch.no_grad():
        apart, seen = (float(summed(goods.model, split, rows)) for split in (goods.train, mixed))
    assert abs(apart - seen) > 5e-5 * apart  # five times what is allowed above


def test_architectures_that_carry_their_state_over_are_not_packed() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel, MambaConfig, MambaForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(0)
        gpt = GPT2LMHeadModel(GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=2, n_positions=32))
        mamba = MambaForCausalLM(
            MambaConfig(vocab_size=99, hidden_size=32, num_hidden_layers=2, state_size=4)
        )
    assert keeps_apart(gpt)
    assert not keeps_apart(mamba)


def test_every_sequence_is_packed_once_and_rows_are_full() -> None:
    lengths = np.random.default_rng(0).integers(1, 65, 500)
    rows = packs(lengths, 64)
    assert sorted(number for row in rows for number in row) == list(range(500))
    assert all(lengths[row].sum() <= 64 for row in rows)
    assert len(rows) <= 1.1 * lengths.sum() / 64
    assert positions([3, 2]).tolist() == [0, 1, 2, 0, 1]


def test_conversations_are_cut_and_those_without_an_answer_left_are_left_out(
    chat_recipe: Recipes, tmp_path: Path
) -> None:
    rows = [{"question": "a" * size, "answer": "yes"} for size in (3, 3, 20, 60)]
    data = tmp_path / "long.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    fields = (f"data.train={data}", "data.validation=0")
    goods = prepared(chat_recipe(*fields, "training.max_length=40"))
    assert len(goods.train) == 3 and goods.train.lengths.max() <= 40
    assert any("Left out" in note and "1 training conversation" in note for note in goods.notes)
    with pytest.raises(WorkbenchError) as caught:
        prepared(chat_recipe(*fields, "training.max_length=8"))
    assert caught.value.problem.field == "data.train"


@pytest.mark.parametrize(
    "overrides", [("chat.packing=true",), ("weights.kind=lora", "chat.system=Be brief.")]
)
def test_a_run_learns_to_answer_and_saves_its_template(
    run: Run, chat_recipe: Recipes, overrides: tuple[str, ...]
) -> None:
    from transformers import AutoTokenizer

    folder, events = run(chat_recipe(*overrides))
    measured = [event.metrics["loss"] for event in events if isinstance(event, Evaluated)]
    assert measured[-1] < 0.95 * measured[0]
    saved = AutoTokenizer.from_pretrained(folder.model)
    asked = saved.apply_chat_template([{"role": "user", "content": "Say yes"}], tokenize=False)
    assert asked == "User: Say yes\n"
    assert any("are learned" in event.text for event in events if isinstance(event, Notice))
    samples = json.loads((folder.path / "samples.json").read_text(encoding="utf-8"))
    assert samples and all(set(sample) == {"prompt", "before", "after"} for sample in samples)


def test_the_preview_shows_which_tokens_are_learned(home: Home, chat_recipe: Recipes) -> None:
    found = chat_preview(home, chat_recipe("chat.system=Be brief."), 1, lone_desk())
    assert [turn["role"] for turn in found.turns] == ["system", "user", "assistant"]
    assert "".join(token.text for token in found.tokens if token.learned) == " no.<end>"
    assert found.learned == len(" no.") + 1
    assert "saved with the model" in found.note
    with pytest.raises(WorkbenchError):
        chat_preview(home, chat_recipe(), 1000, lone_desk())
