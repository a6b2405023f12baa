"""Explanations against their formulas in float64 on tiny models, and that making them leaves no trace."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from workbench.engine.inside.asked import Asked, ask
from workbench.engine.inside.attributions import explain, look
from workbench.engine.inside.attributions_attention import flow, gradient_attention, rollout, with_residual
from workbench.engine.inside.attributions_inputs import (
    close_gradients,
    deletion_test,
    integrated_gradients,
    occlusion,
)
from workbench.engine.live import untouched
from workbench.engine.loading import LoadedModel, load_for_use
from workbench.run.inside.explanation import METHODS, Explanation, verdict
from workbench.run.problem import WorkbenchError

CPU = torch.device("cpu")
TEXT = "the rain saw a storm today and we saw bread"


@pytest.fixture(scope="module")
def folder(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with three classes."""
    path = tmp_path_factory.mktemp("models") / "classifier"
    shutil.copytree(tiny_bert, path)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = BertConfig.from_pretrained(tiny_bert, num_labels=3, initializer_range=0.3)
        config.id2label = {0: "weather", 1: "kitchen", 2: "travel"}
        BertForSequenceClassification(config).save_pretrained(path)
    return path


@pytest.fixture
def classifier(folder: Path) -> LoadedModel:
    loaded = load_for_use(folder, "tiny", CPU)
    loaded.model.double()
    return loaded


@pytest.fixture
def writer(tiny_llama: Path) -> LoadedModel:
    loaded = load_for_use(tiny_llama, "tiny", CPU)
    loaded.model.double()
    return loaded


def asked_of(loaded: LoadedModel, text: str = TEXT, target: int | str | None = None) -> Asked:
    with untouched(loaded.model):
        return ask(loaded, text, target, 128)


def random_maps(layers: int, n: int, *, causal: bool = False, heads: int = 3) -> list[torch.Tensor]:
    """Softmax maps of random scores in float64."""
    chance = torch.Generator().manual_seed(n)
    scores = torch.randn(layers, heads, n, n, dtype=torch.float64, generator=chance)
    if causal:
        scores = scores.masked_fill(torch.ones(n, n).triu(1).bool(), float("-inf"))
    return list(torch.softmax(scores, dim=-1))


def test_rollout_of_identity_is_identity_and_of_uniform_attention_its_closed_form() -> None:
    """R = cI + ((1 − c)/n)·11ᵀ with c = 2^−L (Abnar and Zuidema 2020, all heads uniform)."""
    n, layers = 5, 4
    one = torch.eye(n, dtype=torch.float64)
    assert torch.equal(rollout([one.expand(2, n, n)] * layers), one)
    uniform = torch.full((2, n, n), 1 / n, dtype=torch.float64)
    c = 2.0**-layers
    expected = c * one + (1 - c) / n
    assert (rollout([uniform] * layers) - expected).abs().max() < 1e-15


def test_rollout_keeps_rows_the_triangle_and_half_of_each_token_in_each_layer() -> None:
    found = rollout(random_maps(3, 6, causal=True))
    assert (found.sum(-1) - 1).abs().max() < 1e-14
    assert not found.triu(1).any()
    assert (found.diagonal() >= 2.0**-3).all()


def test_rollout_multiplies_the_later_layer_from_the_left() -> None:
    maps = random_maps(2, 4)
    first, second = ((layer.mean(0) + torch.eye(4)) / 2 for layer in maps)
    assert (rollout(maps) - second @ first).abs().max() < 1e-15


def test_gradient_attention_adds_only_what_raises_the_score() -> None:
    """R ← R + ĀR with Ā = mean_h (∇A ⊙ A)⁺ (Chefer et al. 2021)."""
    maps = random_maps(2, 4)
    one = torch.eye(4, dtype=torch.float64)
    assert torch.equal(gradient_attention(maps, [torch.zeros_like(a) for a in maps]), one)
    slopes = [
        torch.randn(a.shape, dtype=a.dtype, generator=torch.Generator().manual_seed(i))
        for i, a in enumerate(maps)
    ]
    found = gradient_attention(maps, slopes)
    assert (found - one >= 0).all() and (found - one).max() > 0
    first, second = ((a * g).clamp(min=0).mean(0) for a, g in zip(maps, slopes, strict=True))
    assert (found - (one + second) @ (one + first)).abs().max() < 1e-15


def test_flow_in_one_layer_is_the_edge_and_in_two_the_narrow_places_of_all_paths() -> None:
    """With one step between, the greatest flow is the sum over the middle of the narrower of two pipes."""
    first, second = (layer.numpy() for layer in with_residual(random_maps(2, 5)))
    read = np.eye(5)[2]
    assert np.abs(flow([second], read) - second[2]).max() < 1e-6
    expected = np.minimum(second[2][:, None], first).sum(0)
    assert np.abs(flow([first, second], read) - expected).max() < 1e-6


def test_flow_through_a_causal_model_never_reaches_later_tokens() -> None:
    layers = [layer.numpy() for layer in with_residual(random_maps(3, 6, causal=True))]
    found = flow(layers, np.eye(6)[3])
    assert (found[:4] > 0).all() and not found[4:].any() and found.max() <= 1


def test_gradients_of_attention_agree_with_central_differences(classifier: LoadedModel) -> None:
    """∂F/∂A by moving one weight of one map a little, on both sides."""
    asked = asked_of(classifier)
    with untouched(classifier.model):
        seen = look(asked)
    value = classifier.model.bert.encoder.layer[1].attention.self.value
    kept: list[torch.Tensor] = []
    hook = value.register_forward_hook(lambda module, inputs, output: kept.append(output.detach()))
    with torch.no_grad():
        asked.scores(asked.ids[None])
    hook.remove()
    # A change of A[h, 0, j] changes the layer's context at place 0 by that much of value j, in head h.
    head, j, small = 1, 4, 1e-5
    change = torch.zeros_like(kept[0])
    change[0, 0, 16 * head : 16 * (head + 1)] = kept[0][0, j, 16 * head : 16 * (head + 1)]
    dense = classifier.model.bert.encoder.layer[1].attention.output.dense

    def moved(by: float) -> float:
        hook = dense.register_forward_pre_hook(lambda module, inputs: (inputs[0] + by * change,))
        with torch.no_grad():
            score = float(asked.scores(asked.ids[None]))
        hook.remove()
        return score

    slope = (moved(small) - moved(-small)) / (2 * small)
    assert abs(slope) > 1e-6
    assert float(seen.gradients[1][head, 0, j]) == pytest.approx(slope, rel=1e-6)


def test_the_place_of_the_decision_is_seen(classifier: LoadedModel, writer: LoadedModel) -> None:
    for loaded, place in ((classifier, 0), (writer, -1)):
        with untouched(loaded.model):
            read = look(asked_of(loaded, "the rain saw")).read
        assert float(read[place]) == 1.0 and float(read.sum()) == 1.0


def test_integrated_gradients_sum_to_the_difference_and_more_steps_close_the_gap(
    classifier: LoadedModel, writer: LoadedModel
) -> None:
    for loaded in (classifier, writer):
        asked = asked_of(loaded, TEXT[:20])
        gaps = [abs(integrated_gradients(asked, steps)[1]) for steps in (1, 4, 64)]
        scores, _ = integrated_gradients(asked, 64)
        assert gaps[0] > gaps[1] > gaps[2]
        assert gaps[2] < 1e-6 * np.abs(scores).max()
        assert not scores[asked.special].any()
        _, shown = close_gradients(asked)
        assert abs(shown) <= 0.05 * abs(scores.sum())


def test_occlusion_is_the_fall_of_the_probability_without_the_token(classifier: LoadedModel) -> None:
    asked = asked_of(classifier, "the rain saw bread", "kitchen")
    found = occlusion(asked)
    tokenizer = classifier.tokenizer

    def probability(text: str) -> float:
        with torch.no_grad():
            logits = classifier.model(**tokenizer(text, return_tensors="pt")).logits[0]
        return float(torch.softmax(logits, -1)[1])

    whole = probability("the rain saw bread")
    assert found[2] == pytest.approx(whole - probability("the saw bread"), abs=1e-12)
    assert found[4] == pytest.approx(whole - probability("the rain saw"), abs=1e-12)


def planted(folder: Path) -> LoadedModel:
    """A classifier without attention's help: the class is decided by one word, "bread"."""
    loaded = load_for_use(folder, "planted", CPU)
    model = loaded.model.double()
    with torch.no_grad():
        for layer in model.bert.encoder.layer:
            for dense in (layer.attention.self.query, layer.attention.self.key):
                dense.weight.zero_(), dense.bias.zero_()  # uniform attention: everything reaches [CLS]
            layer.output.dense.weight.zero_(), layer.output.dense.bias.zero_()
            for dense in (layer.attention.self.value, layer.attention.output.dense):
                dense.weight.copy_(torch.eye(32)), dense.bias.zero_()
        table = model.bert.embeddings.word_embeddings.weight
        table.zero_()
        table[:, 1::2], table[:, 0::2] = 0.1, -0.1
        table[loaded.tokenizer.convert_tokens_to_ids("bread"), 0] = 4.0
        model.bert.embeddings.position_embeddings.weight.zero_()
        model.bert.embeddings.token_type_embeddings.weight.zero_()
        model.bert.pooler.dense.weight.copy_(torch.eye(32)), model.bert.pooler.dense.bias.zero_()
        model.classifier.weight.zero_(), model.classifier.bias.zero_()
        model.classifier.weight[1, 0], model.classifier.bias[1] = 24.0, 16.0  # "bread" tips the scales
    return loaded


def test_the_word_that_decides_is_found_and_uniform_attention_does_not_explain(folder: Path) -> None:
    """Attention is the same for all words here, so that rollout cannot know; the methods that ask the prediction do."""
    found = explain(planted(folder), TEXT, "kitchen")
    bread = found.tokens.index("bread")
    for method in ("integrated-gradients", "occlusion"):
        row = found.of(method)
        assert row is not None and int(row.scores[~found.special].argmax()) == bread - 1
    rolled = found.of("rollout")
    assert rolled is not None and np.ptp(rolled.scores[1:-1]) < 1e-12
    assert found.test is not None
    curves = {curve.method: curve for curve in found.test.curves}
    assert found.test.beats_random(curves["occlusion"]) and not found.test.beats_random(curves["rollout"])
    assert verdict(found).endswith("attention does not explain this prediction.")
    first = curves["occlusion"]
    assert first.first[1] < first.first[0] - 0.1 and first.area > first.area_last


def test_the_deletion_test_removes_in_the_order_of_the_scores(classifier: LoadedModel) -> None:
    asked = asked_of(classifier, "rain saw bread near", "weather")
    scores = np.array([9.0, 1.0, 3.0, 2.0, 0.0, 9.0])  # the special ones, first and last, must stay
    test = deletion_test(asked, [("occlusion", scores)])
    assert test.removed.tolist() == [0, 1, 2, 3]

    def probability(text: str) -> float:
        with torch.no_grad():
            logits = classifier.model(**classifier.tokenizer(text, return_tensors="pt")).logits[0]
        return float(torch.softmax(logits, -1)[0])

    for row, texts in (
        (test.curves[0].first, ("rain saw bread near", "rain bread near", "rain near", "near")),
        (test.curves[0].last, ("rain saw bread near", "rain saw bread", "saw bread", "saw")),
    ):
        assert np.abs(row - [probability(text) for text in texts]).max() < 1e-12
    assert test.random.shape == (5, 4)


def test_long_texts_are_tested_in_ten_steps_and_have_no_flow(classifier: LoadedModel) -> None:
    found = explain(classifier, "rain " * 40)
    assert found.test is not None and len(found.test.removed) == 11 and found.test.removed[-1] == 39
    assert dict(found.refused)["flow"].startswith(
        "Attention flow is for texts of up to 32 tokens; this one has 42."
    )
    assert [row.method for row in found.attributions] == [m.key for m in METHODS if m.key != "flow"]


def test_a_language_model_explains_what_comes_next_and_what_stands_there(writer: LoadedModel) -> None:
    found = explain(writer, "hello there")
    assert found.language and found.predicted and len(found.tokens) == 11
    assert [number for number, _ in found.choices] == list(range(2, 11))
    inside = explain(writer, "hello there", 6)
    assert inside.tokens == found.tokens[:6] and inside.target == (6, "t")
    with torch.no_grad():
        ids = writer.tokenizer("hello", return_tensors="pt")["input_ids"]
        space = writer.tokenizer(" ", add_special_tokens=False)["input_ids"]
        before = torch.cat([ids, torch.tensor([space])], dim=1)
        expected = torch.softmax(writer.model(before).logits[0, -1], -1)
    wanted = writer.tokenizer("t", add_special_tokens=False)["input_ids"][0]
    assert inside.probability == pytest.approx(float(expected[wanted]), rel=1e-9)
    assert len(inside.attributions) == 5 and inside.test is not None


def test_what_is_there_is_reported_method_by_method(classifier: LoadedModel) -> None:
    seen: list[int] = []

    def hear(value: str | Explanation) -> None:
        if isinstance(value, Explanation):
            seen.append(len(value.attributions))

    found = explain(classifier, TEXT, report=hear)
    assert seen == [0, 1, 2, 3, 4, 5] and found.test is not None
    with pytest.raises(ValueError, match="read-only"):
        found.attributions[0].scores[0] = 1.0


def test_it_stops_when_nobody_waits(classifier: LoadedModel) -> None:
    class GoneError(Exception):
        pass

    calls: list[int] = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 8:
            raise GoneError

    with pytest.raises(GoneError):
        explain(classifier, TEXT, check=check)
    assert classifier.model.config._attn_implementation != "eager"


def test_looking_leaves_no_trace(folder: Path) -> None:
    """Mode, random state, gradients, hooks and attention implementation are as before, also for frozen weights."""
    loaded = load_for_use(folder, "tiny", CPU)
    for parameter in loaded.model.bert.embeddings.parameters():
        parameter.requires_grad_(False)
    inputs = loaded.tokenizer(TEXT, return_tensors="pt")
    before = loaded.model.eval()(**inputs).logits
    loaded.model.train()
    state, kind = torch.get_rng_state(), loaded.model.config._attn_implementation
    found = explain(loaded, TEXT)
    assert len(found.attributions) == 5
    assert torch.equal(state, torch.get_rng_state())
    assert loaded.model.training and loaded.model.config._attn_implementation == kind
    assert all(parameter.grad is None for parameter in loaded.model.parameters())
    assert not loaded.model.get_input_embeddings()._forward_hooks
    assert torch.equal(before, loaded.model.eval()(**inputs).logits)


def test_what_cannot_be_explained_is_said_plainly(
    classifier: LoadedModel, tiny_bert: Path, writer: LoadedModel
) -> None:
    with pytest.raises(WorkbenchError, match="no prediction"):
        explain(load_for_use(tiny_bert, "tiny", CPU), TEXT)
    with pytest.raises(WorkbenchError, match="no text"):
        explain(classifier, " ")
    with pytest.raises(WorkbenchError, match="at least two words"):
        explain(classifier, "rain")
    with pytest.raises(WorkbenchError, match=r"nothing called 'music'.*1 \(weather\)"):
        explain(classifier, TEXT, "music")
    with pytest.raises(WorkbenchError, match="nothing called 1 to explain"):
        explain(writer, "hello", 1)


def test_a_model_without_attention_still_has_the_methods_that_need_none(
    tmp_path: Path, tiny_llama: Path
) -> None:
    from transformers import MambaConfig, MambaForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(0)
        size = len(AutoTokenizer.from_pretrained(tiny_llama))
        model = MambaForCausalLM(
            MambaConfig(vocab_size=size, hidden_size=16, num_hidden_layers=2, state_size=4)
        )
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    found = explain(LoadedModel(model, tokenizer, "causal-lm", "mamba", CPU), "hello there")
    assert [row.method for row in found.attributions] == ["integrated-gradients", "occlusion"]
    assert all("attention of this model cannot be read" in reason for _, reason in found.refused)
    assert found.test is not None
