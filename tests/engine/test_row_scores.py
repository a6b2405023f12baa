"""Probabilities and sentence vectors of many texts are those of each text by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from workbench.engine.loading import LoadedModel, load_tokenizer, load_weights
from workbench.engine.prediction import predict
from workbench.engine.row_scores import class_probabilities, row_outputs
from workbench.run.problem import WorkbenchError

TEXTS = (
    "rain",
    "the bread with the soup and salt",
    "",
    "train ticket today",
    "a storm near the old road again",
)


@pytest.fixture(scope="module")
def classifier(tiny_bert: Path) -> LoadedModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = load_weights(AutoModelForSequenceClassification, tiny_bert, new_head=True).eval()
    names = ("no", "yes")
    return LoadedModel(model, load_tokenizer(tiny_bert), "classifier", "tiny", torch.device("cpu"), names)


def test_each_text_gets_its_own_answer_and_vector_whatever_stands_beside_it(classifier: LoadedModel) -> None:
    def hooks() -> int:
        return sum(len(module._forward_hooks) for module in classifier.model.modules())

    told, before = list[tuple[int, int]](), hooks()
    found, vectors = class_probabilities(
        classifier, TEXTS, batch_size=2, vectors=True, say=lambda done, of: told.append((done, of))
    )
    assert told == [(2, 5), (4, 5), (5, 5)] and vectors is not None and vectors.shape == (5, 32)
    assert hooks() == before
    for row, text in enumerate(TEXTS):
        inputs = classifier.tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            output = classifier.model(**inputs, output_hidden_states=True)
        np.testing.assert_allclose(found[row], output.logits[0].softmax(-1).double().numpy(), atol=1e-6)
        np.testing.assert_allclose(vectors[row], output.hidden_states[-1][0].mean(0).numpy(), atol=1e-5)
    assert [one.classes[0][0] for one in predict(classifier, TEXTS)] == [
        ("no", "yes")[i] for i in found.argmax(1)
    ]


def test_nothing_to_score_and_no_classifier(classifier: LoadedModel, tiny_bert: Path) -> None:
    found, vectors = class_probabilities(classifier, (), vectors=True)
    assert found.shape == (0, 2) and vectors is not None and len(vectors) == 0
    from transformers import AutoModel

    bare = LoadedModel(
        load_weights(AutoModel, tiny_bert), classifier.tokenizer, "encoder", "bare", classifier.device
    )
    with pytest.raises(WorkbenchError, match="bare is not a classifier"):
        class_probabilities(bare, TEXTS)
    only = row_outputs(bare, TEXTS, vectors=True)
    assert only.logits is None and only.vectors is not None and only.vectors.shape == (5, 32)


def test_whoever_waits_no_longer_ends_the_work(classifier: LoadedModel) -> None:
    def check() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        class_probabilities(classifier, TEXTS, check=check)
