"""Attention of every architecture: the formula, sums, masks, pooled against full maps, and no trace left behind."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf

from workbench.engine.attention import Wanted, capture, capture_head, eager
from workbench.engine.inside import capture as capture_module
from workbench.engine.inside.blocks import divide
from workbench.engine.inside.reading import prepare
from workbench.engine.live import LiveModel
from workbench.engine.loading import LoadedModel, load_for_use, load_tokenizer
from workbench.run.inside.census import census, tally
from workbench.run.problem import WorkbenchError
from workbench.run.results import AttentionMaps, PooledMaps

CPU = torch.device("cpu")
TEXT = " ".join(["the rain saw a storm today and we saw bread near the old hotel"] * 2)
V = 64
_PLAIN: dict[str, Any] = {
    "vocab_size": V,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
_GROUPED: dict[str, Any] = {
    **_PLAIN,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "bos_token_id": 2,
    "eos_token_id": 3,
}
_WINDOW: dict[str, Any] = {**_GROUPED, "sliding_window": 6}
_DEBERTA: dict[str, Any] = {**_PLAIN, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]}

MODELS: dict[str, Callable[[], Any]] = {
    "bert": lambda: hf.BertModel(hf.BertConfig(**_PLAIN)),
    "roberta": lambda: hf.RobertaModel(hf.RobertaConfig(**_PLAIN)),
    "distilbert": lambda: hf.DistilBertModel(
        hf.DistilBertConfig(vocab_size=V, dim=32, n_layers=2, n_heads=4, hidden_dim=64, pad_token_id=0)
    ),
    "deberta": lambda: hf.DebertaModel(hf.DebertaConfig(**_DEBERTA)),
    "deberta-v2": lambda: hf.DebertaV2Model(hf.DebertaV2Config(**_DEBERTA)),
    "modernbert": lambda: hf.ModernBertModel(
        hf.ModernBertConfig(**_PLAIN, local_attention=8, global_attn_every_n_layers=2, bos_token_id=2,
                            eos_token_id=3, cls_token_id=2, sep_token_id=3)
    ),
    "gpt2": lambda: hf.GPT2LMHeadModel(
        hf.GPT2Config(vocab_size=V, n_positions=64, n_embd=32, n_layer=2, n_head=4, bos_token_id=2,
                      eos_token_id=3)
    ),
    "llama": lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**_GROUPED)),
    "qwen2": lambda: hf.Qwen2ForCausalLM(hf.Qwen2Config(**{k: v for k, v in _GROUPED.items() if k != "head_dim"})),
    "qwen3": lambda: hf.Qwen3ForCausalLM(hf.Qwen3Config(**_GROUPED)),
    "gemma2": lambda: hf.Gemma2ForCausalLM(hf.Gemma2Config(**_WINDOW, query_pre_attn_scalar=8)),
    "gemma3": lambda: hf.Gemma3ForCausalLM(hf.Gemma3TextConfig(**_WINDOW)),
    "mistral": lambda: hf.MistralForCausalLM(hf.MistralConfig(**_WINDOW)),
    "t5": lambda: hf.T5ForConditionalGeneration(
        hf.T5Config(vocab_size=V, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, pad_token_id=0,
                    eos_token_id=3, decoder_start_token_id=0)
    ),
    "bart": lambda: hf.BartForConditionalGeneration(
        hf.BartConfig(vocab_size=V, d_model=32, encoder_layers=2, decoder_layers=3, encoder_attention_heads=4,
                      decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64,
                      max_position_embeddings=64, pad_token_id=0, bos_token_id=2, eos_token_id=3,
                      decoder_start_token_id=3, forced_eos_token_id=None)
    ),
}  # fmt: skip
CASES = [
    (name, kind)
    for name in MODELS
    for kind in (("encoder", "decoder", "cross") if name in ("t5", "bart") else ("self",))
]
CAUSAL = {"gpt2", "llama", "qwen2", "qwen3", "gemma2", "gemma3", "mistral"}
WINDOWED = {
    "gemma2": (True, False),
    "gemma3": (True, True),
    "mistral": (True, True),
    "modernbert": (False, True),
}


@pytest.fixture
def of(tiny_bert: Path, quiet_hf: None) -> Callable[[str], LoadedModel]:
    """A random model of an architecture, with the tokenizer of the tiny BERT."""

    def make(name: str) -> LoadedModel:
        with torch.random.fork_rng():
            torch.manual_seed(1)
            model = MODELS[name]().eval()
        head = "causal-lm" if name in CAUSAL else "seq2seq" if name in ("t5", "bart") else "encoder"
        return LoadedModel(model, load_tokenizer(tiny_bert), head, name, CPU)

    return make


@pytest.fixture
def quiet_hf() -> Any:
    level = hf.utils.logging.get_verbosity()
    hf.utils.logging.set_verbosity_error()
    yield
    hf.utils.logging.set_verbosity(level)


def full(loaded: LoadedModel, wanted: Wanted) -> AttentionMaps:
    found = capture(loaded, TEXT, wanted)
    assert isinstance(found, AttentionMaps)
    return found


def pooled(loaded: LoadedModel | LiveModel, wanted: Wanted) -> PooledMaps:
    found = capture(loaded, TEXT, wanted)
    assert isinstance(found, PooledMaps)
    return found


def eager_maps(loaded: LoadedModel, wanted: Wanted) -> np.ndarray:
    """What the model's own eager attention returns."""
    reading = prepare(loaded, TEXT, wanted)
    with torch.no_grad(), eager(loaded.model):
        output = loaded.model(**reading.inputs, output_attentions=True)
    layers = output["attentions" if reading.kind == "self" else f"{reading.kind}_attentions"]
    return torch.cat(layers).numpy()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_rows_sum_to_one_masks_are_exact_and_pooled_maps_are_the_block_maxima(
    of: Callable[[str], LoadedModel], name: str, kind: str
) -> None:
    loaded = of(name)
    asked = "" if kind == "self" else kind
    target = "we saw bread today with some sugar and the old oven"
    before = loaded.model.config._attn_implementation
    maps = full(loaded, Wanted(kind=asked, target=target))
    layers, heads, n, m = maps.weights.shape
    assert (layers, heads) == (3 if name == "bart" and kind != "encoder" else 2, 4)
    assert n == len(maps.tokens) and m == len(maps.keys or maps.tokens) and (n != m) == (kind == "cross")
    assert np.abs(maps.weights.sum(-1) - 1).max() < 1e-6
    assert np.abs(maps.weights - eager_maps(loaded, Wanted(kind=asked, target=target))).max() < 1e-6
    assert maps.causal == (name in CAUSAL or kind == "decoder")
    if maps.causal:
        assert not maps.weights[..., *np.triu_indices(n, 1)].any()
    far = np.abs(np.subtract.outer(np.arange(n), np.arange(m))) > 6
    for layer, windowed in enumerate(WINDOWED.get(name, (False, False))):
        assert maps.weights[layer][:, far].any() != windowed

    short = pooled(loaded, Wanted(kind=asked, target=target, full_bytes=0, side=9, census=True))
    assert (short.tokens, short.keys, short.causal, short.kind) == (
        maps.tokens,
        maps.keys,
        maps.causal,
        maps.kind,
    )
    blocks = np.maximum.reduceat(maps.weights, short.rows[:-1], axis=2)
    blocks = np.maximum.reduceat(blocks, short.columns[:-1], axis=3)
    assert max(short.tiles.shape[2:]) <= 11
    assert np.abs(blocks - short.tiles.astype(np.float32)).max() < 5e-4  # half a step of float16 below 1
    whole, counted = tally(maps), tally(short)  # the census of long texts is that of their full maps
    np.testing.assert_allclose(counted.sums, whole.sums, rtol=1e-4, atol=1e-4)
    assert whole.sums[:, :, 5:7].any() == (kind in ("self", "encoder"))  # the text repeats itself
    assert np.array_equal(census(short).kinds, census(maps).kinds)
    single = capture_head(loaded, TEXT, 1, 3, Wanted(kind=asked, target=target))
    assert np.abs(single.weights - maps.weights[1, 3]).max() < 1e-6
    assert loaded.model.config._attn_implementation == before

    queries, keys = short.links[0].transpose(2, 0, 1)
    layer_of, head_of = np.indices(queries.shape)
    telling = maps.weights[:, :, 1:] if maps.causal else maps.weights
    assert np.abs(maps.weights[layer_of, head_of, queries, keys] - telling.max((2, 3))).max() < 1e-6
    inner = (short.links[1] >= 0).all()
    assert not inner or not maps.special[short.links[1][..., 0]].any()


@pytest.mark.parametrize("name", ["llama", "bert"])
def test_the_output_is_that_of_the_weights_and_equals_the_plain_pass(
    of: Callable[[str], LoadedModel], name: str
) -> None:
    """concat_h(A_h V_h) is the input of the output projection (Vaswani et al. 2017), and nothing else changes."""
    loaded = of(name)
    model = loaded.model.double()
    grouped = name == "llama"
    last = model.model.layers[-1].self_attn if grouped else model.encoder.layer[-1].attention
    projection, value = (last.o_proj, last.v_proj) if grouped else (last.output.dense, last.self.value)
    seen: dict[str, torch.Tensor] = {}
    hooks = [
        projection.register_forward_pre_hook(lambda module, inputs: seen.update(mixed=inputs[0][0])),
        value.register_forward_hook(lambda module, inputs, output: seen.update(value=output[0])),
    ]
    weights = torch.from_numpy(np.array(full(loaded, Wanted()).weights[1])).double()
    eager = seen["mixed"].clone()
    shared = 2 if grouped else 4
    values = seen["value"].view(-1, shared, 8).transpose(0, 1).repeat_interleave(4 // shared, 0)
    mixed = (weights @ values).transpose(0, 1).flatten(1)
    assert (mixed - eager).abs().max() < 1e-6
    pooled(loaded, Wanted(full_bytes=0))
    assert (seen["mixed"] - eager).abs().max() < 1e-6
    for hook in hooks:
        hook.remove()


def test_a_target_is_written_by_the_model_when_none_is_given(of: Callable[[str], LoadedModel]) -> None:
    loaded = of("t5")
    maps = full(loaded, Wanted(kind="cross"))
    assert len(maps.tokens) > 1 and maps.tokens[0] == "[PAD]" and len(maps.keys) == 30
    assert maps.kinds == ("encoder", "decoder", "cross")
    with pytest.raises(WorkbenchError, match="no attention of the kind"):
        capture(loaded, TEXT, Wanted(kind="sideways"))
    with pytest.raises(WorkbenchError, match="no cross attention"):
        capture(of("bert"), TEXT, Wanted(kind="cross"))


def test_a_picture_is_read_as_patches(tmp_path: Path, tiny_bert: Path, quiet_hf: None) -> None:
    from PIL import Image

    config = hf.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=32,
        patch_size=8, id2label={i: str(i) for i in range(7)},
    )  # fmt: skip
    hf.ViTForImageClassification(config).save_pretrained(tmp_path / "vit")
    hf.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path / "vit")
    colours = np.zeros((50, 40, 3), dtype=np.uint8)
    colours[:25] = (255, 0, 0)
    Image.fromarray(colours).save(tmp_path / "half.png")
    loaded = load_for_use(tmp_path / "vit", "vit", CPU)
    assert loaded.head == "image-classifier"
    maps = full(loaded, Wanted(image=str(tmp_path / "half.png")))
    assert maps.weights.shape == (2, 4, 17, 17) and np.abs(maps.weights.sum(-1) - 1).max() < 1e-6
    assert maps.tokens[0] == "[CLS]" and maps.tokens[6] == "row 2, column 2" and len(maps.prediction) == 5
    assert maps.picture is not None and maps.picture.patches == (4, 4)
    assert maps.picture.pixels.shape == (32, 32, 3)
    assert maps.picture.pixels[4, 4].tolist() == [255, 0, 0] and not maps.picture.pixels[28, 28].any()
    short = pooled(loaded, Wanted(image=str(tmp_path / "half.png"), full_bytes=0, side=6))
    assert short.picture is not None and short.tiles.shape == (2, 4, 5, 5)
    with pytest.raises(WorkbenchError, match="reads pictures"):
        capture(loaded, TEXT)
    with pytest.raises(WorkbenchError, match="cannot be read"):
        capture(loaded, "", Wanted(image=str(tmp_path / "vit" / "config.json")))
    with pytest.raises(WorkbenchError, match="does not read pictures"):
        capture(load_for_use(tiny_bert, "bert", CPU), "", Wanted(image=str(tmp_path / "half.png")))


@pytest.mark.parametrize("name", ["deberta", "deberta-v2"])
def test_attention_of_its_own_is_read_layer_by_layer_where_all_of_it_would_be_too_much(
    of: Callable[[str], LoadedModel], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = of(name)
    maps = full(loaded, Wanted())
    handed: list[object] = []  # what the attention of a layer hands on beside its output
    hooks = [
        layer.attention.register_forward_hook(lambda module, inputs, output: handed.append(output[1]))
        for layer in loaded.model.encoder.layer
    ]
    monkeypatch.setattr(capture_module, "_MOST", maps.weights.nbytes - 1)
    with pytest.raises(WorkbenchError, match="too many for full maps"):
        full(loaded, Wanted())
    short = pooled(loaded, Wanted(full_bytes=0, side=9, census=True))
    assert handed == [None, None]
    assert short.prediction == maps.prediction and short.tiles.shape[:2] == maps.weights.shape[:2]
    assert np.allclose(tally(short).sums, tally(maps).sums, atol=1e-4)
    assert np.abs(capture_head(loaded, TEXT, 1, 2).weights - maps.weights[1, 2]).max() < 1e-6
    with pytest.raises(WorkbenchError, match="no layer 2 with a head 9"):
        capture_head(loaded, TEXT, 1, 8)
    for hook in hooks:
        hook.remove()
    assert not any(module._forward_hooks for module in loaded.model.modules())


@pytest.mark.parametrize("full_bytes", [0, 1 << 30])
def test_models_without_readable_attention_are_refused(
    tiny_bert: Path, quiet_hf: None, full_bytes: int
) -> None:
    tokenizer, wanted = load_tokenizer(tiny_bert), Wanted(full_bytes=full_bytes)
    mamba = hf.MambaModel(
        hf.MambaConfig(vocab_size=V, hidden_size=16, num_hidden_layers=1, state_size=4)
    ).eval()
    bands = hf.LongformerModel(hf.LongformerConfig(**_PLAIN, attention_window=4)).eval()
    for model in (mamba, bands):
        with pytest.raises(WorkbenchError, match="no attention that can be read"):
            capture(LoadedModel(model, tokenizer, "encoder", "odd", CPU), TEXT, wanted)


@pytest.mark.parametrize("full_bytes", [0, 1 << 30])
def test_everything_is_put_back_even_after_an_error(
    of: Callable[[str], LoadedModel], full_bytes: int
) -> None:
    loaded = of("t5")
    loaded.model.train()
    loaded.model.encoder.eval()
    states = torch.get_rng_state()
    wanted = Wanted(kind="encoder", target="bread", full_bytes=full_bytes)

    def state() -> list[Any]:
        parts = [loaded.model, loaded.model.encoder, loaded.model.decoder]
        return [(part.training, part.config._attn_implementation) for part in parts]

    before = state()
    assert before == [(True, "sdpa"), (False, "sdpa"), (True, "sdpa")]
    capture(loaded, TEXT, wanted)
    assert state() == before and torch.equal(states, torch.get_rng_state())

    def fail(module: Any, inputs: Any) -> None:
        raise RuntimeError("broken layer")

    hook = loaded.model.decoder.block[1].register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="broken layer"):
        capture(loaded, TEXT, wanted)
    hook.remove()
    assert state() == before and torch.equal(states, torch.get_rng_state())
    assert not any(p.grad is not None for p in loaded.model.parameters())


def test_looking_two_hundred_times_leaves_nothing_behind(of: Callable[[str], LoadedModel]) -> None:
    loaded = of("llama")

    def left() -> tuple[int, int, int]:
        """Tensors, hooks on the model's modules, and attention functions that transformers knows."""
        gc.collect()
        tensors = sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())
        kinds = [name for name in vars(loaded.model) if name.endswith("_hooks")]
        hooks = sum(len(getattr(module, kind)) for module in loaded.model.modules() for kind in kinds)
        return tensors, hooks, len(hf.AttentionInterface().valid_keys())

    def look(times: int) -> None:
        for _ in range(times):
            capture(loaded, "we saw", Wanted(full_bytes=0))
            capture(loaded, "we saw")
            capture_head(loaded, "we saw", 0, 1)
            capture_head(loaded, "we saw", 1, 3)

    look(5)
    before = left()
    look(45)
    assert left() == before


def test_special_tokens_at_the_ends_have_blocks_of_their_own() -> None:
    special = np.zeros(100, dtype=bool)
    special[[0, 1, 50, 99]] = True
    blocks = divide(special, 10)
    starts = blocks.starts.tolist()
    assert starts[:3] == [0, 1, 2] and starts[-2:] == [99, 100] and blocks.count == len(starts) - 1 <= 10
    covered = [(first, last) for first, last, _, _ in blocks.stretches(30)]
    assert covered[0][0] == 0 and covered[-1][1] == 100
    assert all(a[1] == b[0] for a, b in itertools.pairwise(covered))
    for n in (1, 2, 3, 17):
        for side in (1, 4, 64):
            tiny = divide(np.ones(n, dtype=bool), side)
            assert tiny.starts[0] == 0 and tiny.starts[-1] == n and (np.diff(tiny.starts) > 0).all()


def test_a_head_that_is_not_there_is_said(of: Callable[[str], LoadedModel]) -> None:
    for layer, head in ((2, 0), (0, 4)):
        for name in ("bert", "deberta"):
            with pytest.raises(WorkbenchError, match="has no layer"):
                capture_head(of(name), TEXT, layer, head)
