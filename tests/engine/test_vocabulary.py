"""The reduced input table: the same weights to the bit, saved whole, and any text can be read in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from workbench.engine.loading import load_weights
from workbench.engine.vocabulary import ReducedVocabulary, reduce_vocabulary

Texts = list[NDArray[np.int32]]


def _bert(folder: Path) -> Any:
    torch.manual_seed(0)
    return load_weights(AutoModelForSequenceClassification, folder, new_head=True)


def _texts(rows: int = 24) -> Texts:
    """Rows of the first ten words alone."""
    random = np.random.default_rng(0)
    return [np.array([2, *random.integers(5, 15, size=6), 3], dtype=np.int32) for _ in range(rows)]


def _train(model: Any, texts: Texts, optimizer: torch.optim.Optimizer) -> None:
    model.train()
    torch.manual_seed(1)  # dropout
    for i in range(0, len(texts), 4):
        ids = torch.from_numpy(np.stack(texts[i : i + 4]).astype(np.int64))
        ids[0, 6:] = 0
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(input_ids=ids, attention_mask=ids.ne(0).long()).logits
        loss: Any = torch.nn.functional.cross_entropy(logits.float(), torch.tensor([0, 1, 1, 0]))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


def _optimizers(model: Any) -> list[torch.optim.Optimizer]:
    weights = list(model.parameters())
    return [
        torch.optim.AdamW(weights, lr=1e-2, weight_decay=0.0, fused=True),
        torch.optim.SGD(weights, lr=1e-2, momentum=0.9, nesterov=True, fused=True),
    ]


def test_saved_weights_are_those_of_the_whole_table_to_the_bit(tiny_bert: Path, tmp_path: Path) -> None:
    texts = _texts()
    for which in range(2):
        whole, model = _bert(tiny_bert), _bert(tiny_bert)
        reduced = reduce_vocabulary(model, texts, [0])
        assert reduced is not None
        assert reduced.table.weight.shape == (13, 32)  # ten words, [CLS], [SEP], [PAD]
        _train(whole, texts, _optimizers(whole)[which])
        _train(model, texts, _optimizers(model)[which])
        model.save_pretrained(tmp_path / str(which))
        read = AutoModelForSequenceClassification.from_pretrained(tmp_path / str(which)).state_dict()
        wanted = whole.state_dict()
        for state in (read, model.state_dict()):
            assert list(state) == list(wanted)
            assert all(torch.equal(state[name], wanted[name]) for name in wanted)
        start = _bert(tiny_bert).state_dict()
        assert not all(torch.equal(start[name], wanted[name]) for name in wanted)
        reduced.restore()
        assert all(torch.equal(model.state_dict()[name], wanted[name]) for name in wanted)
        assert type(model.get_input_embeddings()) is torch.nn.Embedding


def test_a_text_of_other_words_is_read_as_by_the_whole_table(tiny_bert: Path) -> None:
    whole, model = _bert(tiny_bert).eval(), _bert(tiny_bert).eval()
    assert reduce_vocabulary(model, _texts()) is not None
    ids = torch.tensor([[2, 20, 6, 21, 3], [2, 7, 8, 9, 3]])
    with torch.no_grad():
        assert torch.equal(model(ids).logits, whole(ids).logits)


def test_a_whole_table_can_be_loaded(tiny_bert: Path) -> None:
    other, model = _bert(tiny_bert), _bert(tiny_bert)
    reduce_vocabulary(model, _texts())
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(0.25)
    model.load_state_dict(other.state_dict())
    ids = torch.tensor([[2, 20, 6, 21, 3]])
    with torch.no_grad():
        assert torch.equal(model.eval()(ids).logits, other.eval()(ids).logits)


def test_where_it_is_not_exact_or_of_no_use_the_table_stays(tiny_bert: Path, tiny_llama: Path) -> None:
    frozen = _bert(tiny_bert)
    frozen.get_input_embeddings().weight.requires_grad_(False)
    assert reduce_vocabulary(frozen, _texts()) is None
    every = [np.arange(_bert(tiny_bert).config.vocab_size, dtype=np.int32)]
    assert reduce_vocabulary(_bert(tiny_bert), every) is None
    tied = load_weights(AutoModelForCausalLM, tiny_llama)
    tied.lm_head.weight = tied.get_input_embeddings().weight
    assert reduce_vocabulary(tied, _texts()) is None
    tied.lm_head.weight = torch.nn.Parameter(tied.lm_head.weight.detach().clone())
    assert isinstance(reduce_vocabulary(tied, _texts()), ReducedVocabulary)
