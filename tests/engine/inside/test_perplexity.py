"""A text's probability token by token: against transformers' own loss, also in float64, and in pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.engine import reader
from workbench.engine.inside.perplexity import score_text
from workbench.engine.loading import LoadedModel, load_for_use
from workbench.run.inside.perplexity import ScoredText
from workbench.run.problem import WorkbenchError

TEXT = "The old road near the hotel, in rain and fog."


@pytest.fixture
def llama(tiny_llama: Path) -> LoadedModel:
    return load_for_use(tiny_llama, "tiny", torch.device("cpu"))


def test_perplexity_is_that_of_transformers_loss(llama: LoadedModel) -> None:
    found = score_text(llama, TEXT)
    inputs = llama.tokenizer(TEXT, return_tensors="pt")
    with torch.no_grad():
        loss = float(llama.model(**inputs, labels=inputs["input_ids"]).loss)
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert found.perplexity == pytest.approx(np.exp(loss), rel=1e-5)
    assert np.isnan(found.log_probability[0]) and found.rank[0] == 0
    assert "".join(found.words) == TEXT
    assert [TEXT[a:b] for a, b in found.spans] == list(found.words)


def test_reading_in_pieces_changes_nothing(llama: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = score_text(llama, TEXT)
    monkeypatch.setattr(reader, "PIECE", 7)
    pieces = score_text(llama, TEXT)
    assert pieces.log_probability == pytest.approx(whole.log_probability, abs=1e-5, nan_ok=True)
    assert (pieces.rank == whole.rank).all()
    assert pieces.entropy == pytest.approx(whole.entropy, abs=1e-4, nan_ok=True)


def test_two_models_are_compared_token_by_token(llama: LoadedModel, tiny_llama: Path) -> None:
    tuned = load_for_use(tiny_llama, "tuned", torch.device("cpu"))
    with torch.no_grad():
        tuned.model.lm_head.weight.mul_(3)
    pair = ScoredText(score_text(tuned, TEXT), score_text(llama, TEXT))
    assert pair.same_tokens and pair.gain is not None and pair.other is not None
    assert np.nanmean(pair.gain) == pytest.approx(pair.other.loss - pair.first.loss)
    same = ScoredText(score_text(llama, TEXT), score_text(llama, TEXT))
    assert same.gain is not None and np.nanmax(np.abs(same.gain)) == 0


def test_what_is_not_read_is_said(llama: LoadedModel) -> None:
    found = score_text(llama, "ab" * 100)
    assert len(found.tokens) == 128 and "first 128 of 200 tokens" in found.note and len(found.text) == 128


def test_what_has_no_probability_is_said(llama: LoadedModel, tiny_bert: Path) -> None:
    with pytest.raises(WorkbenchError, match="too short"):
        score_text(llama, "a")
    with pytest.raises(WorkbenchError, match="no probability"):
        score_text(load_for_use(tiny_bert, "tiny", torch.device("cpu")), TEXT)
