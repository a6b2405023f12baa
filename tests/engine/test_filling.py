"""Gaps in a text: the words told for them are the model's own, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from workbench.engine.devices import choose_device
from workbench.engine.filling import fill
from workbench.engine.loading import LoadedModel, load_for_use
from workbench.run.problem import WorkbenchError


@pytest.fixture(scope="module")
def masked(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    folder = tmp_path_factory.mktemp("masked")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = BertForMaskedLM(BertConfig.from_pretrained(tiny_bert))
        for weight in model.parameters():  # small first weights would find every word alike
            weight.data.mul_(6)
        model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(folder)
    return load_for_use(folder, "mine", choose_device("cpu"))


def test_each_gap_has_the_models_own_probabilities_while_the_others_are_hidden(masked: LoadedModel) -> None:
    found = fill(masked, "the __ was ____ today", count=4)
    tokenizer = masked.tokenizer
    mask = tokenizer.mask_token
    ids = tokenizer(f"the {mask} was {mask} today", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        likely = torch.softmax(masked.model(input_ids=ids).logits[0], dim=-1)
    places = (ids[0] == tokenizer.mask_token_id).nonzero().flatten().tolist()
    assert len(found.gaps) == len(places) == 2
    for gap, place in zip(found.gaps, places, strict=True):
        best = likely[place].topk(4)
        assert [token for token, _ in gap] == tokenizer.convert_ids_to_tokens(best.indices.tolist())
        assert [share for _, share in gap] == pytest.approx(best.values.tolist(), rel=1e-5)
        ids[0, place] = best.indices[0]
    assert found.text == tokenizer.decode(ids[0], skip_special_tokens=True) and not found.note


def test_a_text_that_is_too_long_is_cut_and_gaps_behind_the_cut_are_told(masked: LoadedModel) -> None:
    long = "rain and sun " * 400
    found = fill(masked, f"the __ {long} __")
    assert len(found.gaps) == 1 and "cut off" in found.note and "1 of 2 gaps" in found.note
    with pytest.raises(WorkbenchError, match="cannot read"):
        fill(masked, f"{long} __")


def test_no_gap_and_a_model_that_fills_none_are_said(masked: LoadedModel, tiny_llama: Path) -> None:
    with pytest.raises(WorkbenchError, match="has no gap"):
        fill(masked, "the sea was calm_")
    writer = load_for_use(tiny_llama, "a writer", choose_device("cpu"))
    with pytest.raises(WorkbenchError, match="a writer does not fill gaps"):
        fill(writer, "the __")
