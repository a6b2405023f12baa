"""Taking heads away: gates that change nothing when open, the formulas of head importance, and pruned models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from workbench.engine.attention import eager
from workbench.engine.inside import pruning
from workbench.engine.inside.ablation import (
    HeldOut,
    choose_rows,
    hold_out,
    measure_without,
    predicted,
    scores_without,
    without,
)
from workbench.engine.inside.head_gates import Place, by_identity, gated, gates_without, head_places
from workbench.engine.inside.importance import Sweep, go_on, gradient_importance, sweep_importance
from workbench.engine.inside.scores import Scores, interval, resampled, value_of
from workbench.engine.loading import LoadedModel
from workbench.engine.task import Rows, Split
from workbench.run.problem import WorkbenchError
from workbench.tasks.causal_lm import CausalLM
from workbench.tasks.text_classification import TextClassification

SMALL: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}
GROUPED = {**SMALL, "num_key_value_heads": 2, "head_dim": 8, "hidden_size": 32, "pad_token_id": 0}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertForSequenceClassification", SMALL),
    "roberta": ("RobertaForSequenceClassification", SMALL),
    "electra": ("ElectraForSequenceClassification", SMALL),
    "deberta-v2": ("DebertaV2ForSequenceClassification", SMALL),
    "distilbert": ("DistilBertForSequenceClassification", {"dim": 24, "n_heads": 4, "n_layers": 2, "hidden_dim": 32}),
    "modernbert": ("ModernBertForSequenceClassification", {**SMALL, "pad_token_id": 0}),
    "mpnet": ("MPNetForSequenceClassification", SMALL),
    "gpt2": ("GPT2LMHeadModel", {"vocab_size": 40, "n_embd": 24, "n_layer": 2, "n_head": 4, "n_positions": 64}),
    "gpt_neox": ("GPTNeoXForCausalLM", SMALL),
    "opt": ("OPTForCausalLM", {**SMALL, "ffn_dim": 32, "word_embed_proj_dim": 24}),
    "llama": ("LlamaForCausalLM", GROUPED),
    "mistral": ("MistralForCausalLM", GROUPED),
    "qwen2": ("Qwen2ForCausalLM", GROUPED),
    "qwen3": ("Qwen3ForCausalLM", GROUPED),
    "gemma": ("GemmaForCausalLM", GROUPED),
    "gemma2": ("Gemma2ForCausalLM", GROUPED),
    "t5": (
        "T5ForConditionalGeneration",
        {"vocab_size": 40, "d_model": 24, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 4},
    ),
    "bart": (
        "BartForSequenceClassification",
        {"vocab_size": 40, "d_model": 24, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
         "decoder_attention_heads": 4, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 64},
    ),
    "vit": ("ViTForImageClassification", {**SMALL, "image_size": 16, "patch_size": 8}),
}  # fmt: skip


def made(kind: str) -> Any:
    """A random model of two layers with four heads each, float64, in eval mode."""
    name, values = MODELS[kind]
    config = transformers.AutoConfig.for_model(kind, **values)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return getattr(transformers, name)(config).double().eval()


def asked(model: Any) -> dict[str, Any]:
    """Two rows for the model to read."""
    kind = model.config.model_type
    if kind == "vit":
        return {"pixel_values": torch.sin(torch.arange(2 * 3 * 16 * 16)).view(2, 3, 16, 16).double()}
    last = 2  # BART takes the end token's state; it must stand once in each row
    ids = torch.tensor([[5, 7, 9, 11, 30, last], [6, 8, 20, 12, 31, last]])
    return {"input_ids": ids, **({"decoder_input_ids": ids} if kind == "t5" else {})}


def logits(model: Any, **more: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model(**asked(model), **more).logits
    return found


def loss(model: Any) -> tuple[torch.Tensor, Any]:
    output = model(**asked(model), output_attentions=True)
    numbers = torch.arange(output.logits.numel(), dtype=torch.float64)
    return (output.logits * torch.sin(numbers).view(output.logits.shape)).sum(), output


def maps_of(output: Any) -> list[torch.Tensor]:
    if "decoder_attentions" in output:
        return [*output.encoder_attentions, *output.decoder_attentions]
    return list(output.attentions)


@pytest.mark.parametrize("kind", MODELS)
def test_gates_stand_where_the_heads_of_a_layer_come_together(kind: str) -> None:
    model = made(kind)
    places = head_places(model)
    assert [place.heads for place in places] == [4] * (4 if kind in ("t5", "bart") else 2)
    before = logits(model)

    # ξ = 1 changes nothing, to the bit.
    with gated(places, [torch.ones(4, dtype=torch.float64) for _ in places]):
        assert torch.equal(logits(model), before)

    # ξ = 0 equals zeroing the head's columns of the projection; the hooks leave no trace.
    gone = [(0, 1), (1, 3)]
    with gated(places, gates_without(places, gone)):
        closed = logits(model)
    assert torch.equal(logits(model), before)
    assert not torch.allclose(closed, before)
    weights = {place.path: place.module.weight.detach().clone() for place in places}  # type: ignore[operator]
    pruning.silence(model, places, gone)
    torch.testing.assert_close(logits(model), closed, rtol=1e-10, atol=1e-12)
    for place in places:
        place.module.weight.data.copy_(weights[place.path])  # type: ignore[operator, union-attr]

    # ∂L/∂ξ_h = Σ_ij A_ij ∂L/∂A_ij for every head, and so do central differences say.
    gates = [torch.ones(4, dtype=torch.float64, requires_grad=True) for _ in places]
    with eager(model), gated(places, gates):
        value, output = loss(model)
        maps = maps_of(output)
        found = torch.autograd.grad(value, [*gates, *maps])
    for gradient, weights_of, by_map in zip(found[: len(places)], maps, found[len(places) :], strict=True):
        torch.testing.assert_close(gradient, (weights_of * by_map).sum((0, 2, 3)), rtol=1e-8, atol=1e-10)
    # Families whose norms compute in float32 whatever they are given need wider steps.
    rounds = kind in ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "t5")
    step, near = (2e-2, {"rel": 2e-2, "abs": 1e-3}) if rounds else (1e-5, {"rel": 1e-5, "abs": 1e-8})
    sides = []
    for sign in (1, -1):
        moved = [torch.ones(4, dtype=torch.float64) for _ in places]
        moved[1][2] += sign * step
        with gated(places, moved), torch.no_grad():
            sides.append(float(loss(model)[0]))
    assert float(found[1][2]) == pytest.approx((sides[0] - sides[1]) / (2 * step), **near)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama"])
def test_an_unknown_architecture_is_found_out_by_trial(kind: str) -> None:
    model = made(kind).float()
    assert [place.path for place in by_identity(model)] == [place.path for place in head_places(model)]


def test_a_model_whose_layers_share_their_heads_is_refused_in_words() -> None:
    config = transformers.AlbertConfig(**SMALL, embedding_size=8)
    with pytest.raises(WorkbenchError, match="share"):
        head_places(transformers.AlbertModel(config))


# ---- the planted model: class = whether the token before the last one is 3; one head looks there


def planted(width: int = 8) -> LoadedModel:
    """A classifier in which head 2 of layer 1 alone carries what the classes depend on.

    Embedding: what a token is stands in dimension 0 (+1 for token 3, -1 for the others), its place in the others.
    The head's query and key are the constant 0, so that it averages over all tokens; its value is dimension 0.
    """
    config = transformers.BertConfig(
        vocab_size=8, hidden_size=width, num_hidden_layers=2, num_attention_heads=4, intermediate_size=8,
        max_position_embeddings=16, pad_token_id=0, num_labels=2, attn_implementation="eager",
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: Any = transformers.BertForSequenceClassification(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "LayerNorm.weight" not in name:
                parameter.zero_()
        table = model.bert.embeddings.word_embeddings.weight
        table[1] = torch.tensor([0.0, 0, 0, 0, 1, -1, 1, -1])  # [CLS] says nothing about the class
        table[2:] = torch.tensor([0.0, 0, -1, 1, 0, 0, 0, 0])
        table[3] = torch.tensor([0.0, 0, 1, -1, 0, 0, 0, 0])
        attention = model.bert.encoder.layer[0].attention
        attention.self.value.weight[2, 2] = 1.0  # head 2 holds dimensions 2 and 3
        attention.self.value.weight[3, 3] = 1.0
        attention.output.dense.weight[0, 2] = 4.0  # and writes what it saw into 0 and 1
        attention.output.dense.weight[1, 3] = 4.0
        for i in (0, 1):  # what the other heads see goes where nobody reads
            attention.self.value.weight[2 * i, 4 + i] = 1.0
            attention.output.dense.weight[6 + i, 2 * i] = 0.5
        model.bert.pooler.dense.weight.copy_(torch.eye(width))
        model.classifier.weight[0, 0], model.classifier.weight[1, 1] = 1.0, 1.0
        model.classifier.bias[1] = 1e-4  # without any sign it says class 1
    tokenizer = type("Tokenizer", (), {"pad_token_id": 0})()
    return LoadedModel(model, tokenizer, "classifier", "planted", torch.device("cpu"), ("yes", "no"))


def planted_rows(count: int = 60) -> tuple[Rows, Split]:
    """Rows of [CLS] and two to five more tokens: all 3 for class 0, all 2 for class 1; half of each."""
    ids = [np.array([1, *[3 - i % 2] * (2 + i % 4)], dtype=np.int32) for i in range(count)]
    labels = np.array([i % 2 for i in range(count)], dtype=np.int64)
    return Rows(None, 0, count, ("yes", "no")), Split(ids, labels, tuple(map(str, range(count))))


@pytest.fixture(scope="module")
def bench() -> tuple[LoadedModel, tuple[Place, ...], HeldOut]:
    loaded = planted()
    places = head_places(loaded.model)
    rows, split = planted_rows()
    return loaded, places, hold_out(loaded, places, TextClassification(), rows, split)


Bench = tuple[LoadedModel, tuple[Place, ...], HeldOut]


def test_only_the_head_that_the_task_needs_is_missed(bench: Bench) -> None:
    loaded, places, held = bench
    assert value_of("accuracy", held.base) == 1.0
    for layer in range(2):
        for head in range(4):
            measured = measure_without(loaded, places, held, [(layer, head)])
            if (layer, head) == (0, 1):
                assert measured.after == 0.5
                assert measured.harm_interval[0] > 0.3
                assert "accuracy falls from 1.00 to 0.500" in measured.in_words()
            else:
                assert (measured.after, measured.low, measured.high) == (1.0, 0.0, 0.0)
                assert measured.in_words() == "accuracy stays at 1.00."


def test_the_map_of_all_heads_is_what_each_gives_alone_however_often_it_is_put_down(bench: Bench) -> None:
    loaded, places, held = bench
    sweep = Sweep.begin(places, held, "zero")
    assert len(held.batches) == 1
    part = sweep_importance(places, held, sweep)
    assert not np.isfinite(part.values).any()
    assert part.seconds > 0
    while sweep.step < sweep.steps(held):
        go_on(loaded, places, held, sweep, lambda: None, seconds=1e-9)
    assert sweep.replays  # the layers below were not computed again
    found = sweep_importance(places, held, sweep)
    assert found.complete
    for head, scores in sweep.scores.items():
        alone = scores_without(loaded, places, held, [head])
        np.testing.assert_array_equal(scores.loss, alone.loss)
        assert found.values[head] == measure_without(loaded, places, held, [head]).harm
    assert found.order()[-1] == (0, 1)
    assert found.loss_low[0, 1] <= found.losses[0, 1] <= found.loss_high[0, 1]
    assert found.order("metric")[-1] == (0, 1)
    assert (found.low[0, 1], found.high[0, 1]) == measure_without(
        loaded, places, held, [(0, 1)]
    ).harm_interval


def test_the_quick_estimate_is_the_mean_of_absolute_gradients(bench: Bench) -> None:
    loaded, places, held = bench
    found = gradient_importance(loaded, places, held, lambda: None)
    assert found.complete
    assert found.order()[-1] == (0, 1)
    assert all(parameter.grad is None for parameter in loaded.model.parameters())
    # By central differences, row by row.
    step, sides = 1e-2, []
    for sign in (1, -1):
        gate = torch.ones(4)
        gate[1] += sign * step
        with gated(places, [gate, None]):
            sides.append(scores_without(loaded, places, held, []).loss)
    by_hand = np.abs((sides[0] - sides[1]) / (2 * step)).mean()
    assert found.values[0, 1] == pytest.approx(by_hand, rel=1e-3)
    assert found.values[1, 0] == pytest.approx(0, abs=1e-6)


def test_the_mean_of_a_head_is_that_over_tokens_and_not_over_padding(bench: Bench) -> None:
    loaded, places, held = bench
    _, split = planted_rows()
    total, count = torch.zeros(8, dtype=torch.float64), 0
    for ids in split.input_ids:  # one by one: no padding at all
        seen: list[torch.Tensor] = []
        hook = places[0].module.register_forward_pre_hook(lambda _, given, seen=seen: seen.append(given[0]))
        with torch.no_grad():
            loaded.model(input_ids=torch.from_numpy(ids).long()[None])
        hook.remove()
        total += seen[0][0].double().sum(0)
        count += len(ids)
    torch.testing.assert_close(held.means[0].double(), total / count, rtol=1e-5, atol=1e-6)
    with without(held, places, [(0, 1)], "mean"), torch.no_grad():
        hidden = []
        hook = places[0].module.register_forward_hook(lambda _, given, out: hidden.append(given[0]))
        loaded.model(input_ids=torch.tensor([[1, 3, 3]]))
        hook.remove()
    torch.testing.assert_close(hidden[0][0, :, 2:4], held.means[0][2:4].expand(3, 2))


def test_the_same_rows_are_chosen_each_time() -> None:
    _, split = planted_rows(50)
    one, two = choose_rows(split, 20), choose_rows(split, 20)
    assert one.texts == two.texts
    assert len(set(one.texts)) == 20
    assert choose_rows(split, 50) is split


def random_scores(rows: int, classes: int, seed: int) -> Scores:
    chance = np.random.default_rng(seed)
    true = np.random.default_rng(7).integers(0, classes, rows)
    said = np.where(chance.random(rows) < 0.7, true, chance.integers(0, classes, rows))
    terms = np.ones(rows, dtype=np.int64)
    return Scores(chance.exponential(size=rows), (said == true).astype(np.float64), said, true, terms)


def test_metrics_of_resampled_rows_are_those_of_the_rows_drawn() -> None:
    before, after = random_scores(40, 3, 1), random_scores(40, 3, 2)
    weights = resampled(40, 15)
    change: list[float] = []
    for counts in weights.astype(int):
        drawn = np.repeat(np.arange(40), counts)
        change.append(
            f1_score(after.true[drawn], after.predicted[drawn], average="macro", zero_division=0)
            - f1_score(before.true[drawn], before.predicted[drawn], average="macro", zero_division=0)
        )
    found = interval("f1_macro", before, after, 3, weights)
    np.testing.assert_allclose(found, np.percentile(change, (2.5, 97.5)), atol=1e-12)
    assert value_of("perplexity", before) == pytest.approx(np.exp(before.loss.mean()))


def test_the_interval_holds_the_true_difference_about_95_times_in_100() -> None:
    chance = np.random.default_rng(3)
    terms, none = np.ones(80, dtype=np.int64), np.zeros(80, dtype=np.int64)

    def scored(hits: NDArray[np.bool_]) -> Scores:
        return Scores(np.zeros(80), hits.astype(np.float64), none, none, terms)

    weights = resampled(80)
    inside = 0
    for _ in range(200):
        base = chance.random(80) < 0.85
        worse = base & (chance.random(80) < 0.8)  # the true difference is -0.17
        low, high = interval("accuracy", scored(base), scored(worse), weights=weights)
        inside += low <= -0.17 <= high
    assert 176 <= inside <= 200


def test_what_is_measured_of_the_whole_model_is_what_the_task_measures(bench: Bench) -> None:
    loaded, _, held = bench
    rows, split = planted_rows()
    with torch.no_grad():
        parts = [held.task.score(loaded.model, batch, indexes) for indexes, batch in held.batches]
    for name, value in held.task.summarise(parts, split, rows).metrics.items():
        assert value_of(name, held.base, 2) == pytest.approx(value, rel=1e-6)


def test_a_language_model_is_measured_by_perplexity_over_tokens(tiny_llama: Path) -> None:
    task = CausalLM()
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(tiny_llama).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_llama)
    loaded = LoadedModel(model, tokenizer, "causal-lm", "tiny", torch.device("cpu"))
    places = head_places(model)
    chance = np.random.default_rng(0)
    split = Split(
        [chance.integers(2, 200, 4 + i).astype(np.int32) for i in range(6)]
    )  # rows of unlike length
    held = hold_out(loaded, places, task, Rows(None, 0, 6), split)
    with torch.no_grad():
        parts = [task.score(model, batch, indexes) for indexes, batch in held.batches]
    told = task.summarise(parts, split, Rows(None, 0, 6)).metrics
    assert value_of("perplexity", held.base) == pytest.approx(told["perplexity"], rel=1e-5)
    measured = measure_without(loaded, places, held, [(0, 0), (1, 3)])
    assert measured.lower_is_better
    assert measured.harm == measured.after - measured.before
    assert measured.low <= measured.after - measured.before <= measured.high
    found = predicted(loaded, "Once")
    assert len(found) == 5
    assert found[0][1] >= found[-1][1] > 0


# ---- pruned models


def held_of(loaded: LoadedModel, places: tuple[Place, ...]) -> HeldOut:
    chance = np.random.default_rng(0)
    ids = [chance.integers(3, 30, 5 + i % 4).astype(np.int32) for i in range(12)]
    rows = Rows(None, 0, 12, loaded.class_names)
    split = Split(ids, np.array([i % 2 for i in range(12)], dtype=np.int64))
    return hold_out(loaded, places, TextClassification(), rows, split)


@pytest.fixture
def loaded_from(tiny_bert: Path) -> Callable[[Any], LoadedModel]:
    def load(model: Any) -> LoadedModel:
        tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_bert)
        return LoadedModel(
            model, tokenizer, "classifier", "small", torch.device("cpu"), ("LABEL_0", "LABEL_1")
        )

    return load


def classifier(kind: str, **values: Any) -> Any:
    base = GROUPED if kind == "Llama" else SMALL
    config = getattr(transformers, f"{kind}Config")(**{**base, **values})
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return getattr(transformers, f"{kind}ForSequenceClassification")(config).eval()


@pytest.mark.parametrize("mode", ["zero", "mean"])
def test_a_pruned_bert_answers_without_hooks_as_it_did_with_them(
    mode: Any, loaded_from: Callable[[Any], LoadedModel], tmp_path: Path
) -> None:
    loaded = loaded_from(classifier("Bert"))
    places = head_places(loaded.model)
    held = held_of(loaded, places)
    before = {name: value.clone() for name, value in loaded.model.state_dict().items()}
    gone = ((0, 0), (0, 2), (1, 1))
    expected = scores_without(loaded, places, held, gone, mode)
    card = "# Card\n{measured}\n{size}\n"
    saved = pruning.save_without(loaded, places, held, gone, mode, tmp_path / "p", card, lambda: None)
    assert saved.cut == 0
    assert "neither smaller nor faster" in saved.in_words()
    assert saved.measured.loss_after == pytest.approx(value_of("loss", expected), abs=1e-6)
    readme = (tmp_path / "p" / "README.md").read_text(encoding="utf-8")
    assert saved.measured.in_words() in readme
    again = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "p").eval()
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad(), without(held, places, gone, mode):
        torch.testing.assert_close(again(ids).logits, loaded.model(ids).logits, rtol=1e-5, atol=1e-6)
    assert all(torch.equal(value, before[name]) for name, value in loaded.model.state_dict().items())
    with pytest.raises(WorkbenchError, match="there already"):
        pruning.save_without(loaded, places, held, gone, mode, tmp_path / "p", card, lambda: None)


def test_a_llama_that_loses_a_group_in_every_layer_becomes_smaller(
    loaded_from: Callable[[Any], LoadedModel], tmp_path: Path
) -> None:
    loaded = loaded_from(classifier("Llama"))
    places = head_places(loaded.model)
    held = held_of(loaded, places)
    gone = ((0, 0), (0, 1), (1, 2), (1, 3), (1, 0))  # heads 1 and 2 share a key head, and so do 3 and 4
    expected = scores_without(loaded, places, held, gone)
    saved = pruning.save_without(loaded, places, held, gone, "zero", tmp_path / "p", "", lambda: None)
    assert saved.cut == 4
    assert saved.parameters[1] < saved.parameters[0]
    assert "The other 1 are zeros" in saved.in_words()
    again = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "p").eval()
    assert (again.config.num_attention_heads, again.config.num_key_value_heads) == (2, 1)
    assert saved.measured.loss_after == pytest.approx(value_of("loss", expected), abs=1e-6)
    with pytest.raises(WorkbenchError, match="no bias"):
        pruning.save_without(loaded, places, held, gone, "mean", tmp_path / "q", "", lambda: None)
    assert not (tmp_path / "q").exists()


def test_what_was_measured_is_told_apart_from_chance(bench: Bench) -> None:
    _, _, held = bench
    measured = measure_without(*bench, [(0, 1)])
    unsure = dataclasses.replace(measured, after=0.98, low=-0.05, high=0.01)
    assert "it may be chance" in unsure.in_words()
    assert held.metric == "accuracy"
