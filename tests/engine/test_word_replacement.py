"""Words replaced by a masked language model, on a tiny random one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from tests.conftest import write_tiny_bert
from workbench.data.blanks import Blanks
from workbench.data.step import Context
from workbench.data.steps.augment_mask import AugmentMask
from workbench.engine.word_replacement import WordReplacement, word_replacement
from workbench.run.problem import WorkbenchError

TEXT = "We saw the rain today and some snow near the old road"


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with a head for masked words."""
    folder = write_tiny_bert(tmp_path_factory.mktemp("models") / "masked")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        BertForMaskedLM(BertConfig.from_pretrained(folder)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def replace(masked: Path) -> WordReplacement:
    return word_replacement(masked, "tiny", torch.device("cpu"))


def test_only_the_blanks_are_replaced_and_capitals_stay(replace: WordReplacement) -> None:
    for seed in range(5):
        (new,) = replace([Blanks(TEXT, ((0, 2), (11, 15)), seed)])
        old, words = TEXT.split(), new.split()
        assert [i for i, word in enumerate(words) if word != old[i]] == [0, 3]
        assert words[0][0].isupper()
        assert all(word.isalpha() for word in words)


def test_the_seed_decides_and_other_texts_beside_it_do_not(replace: WordReplacement) -> None:
    one = Blanks(TEXT, ((11, 15), (31, 35)), 3)
    others = [Blanks(TEXT[:20], ((0, 2),), seed) for seed in range(40)]
    (alone,) = replace([one])
    assert replace([*others, one])[-1] == alone
    assert len({replace([Blanks(TEXT, ((11, 15), (31, 35)), seed)])[0] for seed in range(20)}) > 5


def test_words_beyond_the_models_length_and_masks_of_ones_own_stay(replace: WordReplacement) -> None:
    long = "rain " * 200
    (new,) = replace([Blanks(long, ((0, 4), (900, 904)), 0)])
    assert new[:4] != "rain"
    assert new.endswith("rain " * 19)
    own = "the [MASK] and the rain"
    assert replace([Blanks(own, ((0, 3),), 0)]) == [own]


def test_the_step_works_with_it(replace: WordReplacement) -> None:
    shown = AugmentMask(words=0.3).preview(TEXT, 3, context=Context(replace_words=replace))
    assert all(sum(a != b for a, b in zip(TEXT.split(), new.split(), strict=True)) == 4 for new in shown)


def test_an_encoder_without_the_head_is_refused_in_plain_words(tiny_bert: Path) -> None:
    with pytest.raises(WorkbenchError) as caught:
        word_replacement(tiny_bert, "tiny-bert", torch.device("cpu"))
    assert caught.value.problem.title == "The model tiny-bert cannot replace words."
    assert "BertModel" in caught.value.problem.cause
