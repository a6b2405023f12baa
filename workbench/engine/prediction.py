"""What a model with a head says of texts: classes or labels with probabilities, numbers, or marked words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from workbench.engine.attention import ranked
from workbench.engine.live import LiveModel
from workbench.engine.loading import LoadedModel
from workbench.engine.marking import marks
from workbench.engine.row_scores import class_probabilities, row_outputs
from workbench.run.results import Prediction


def predict(
    loaded: LoadedModel | LiveModel,
    texts: Sequence[str],
    check: Callable[[], object] = lambda: None,
    batch_size: int = 32,
) -> tuple[Prediction, ...]:
    """What the model says of each text, in the texts' order.

    Args:
        loaded: A classifier, or a model that gives several labels, numbers or marks.
        texts: The texts; an empty one is as good as any other.
        check: Called between batches; may raise to end the work.
        batch_size: Texts per forward pass; texts of similar length stand together.

    Raises:
        WorkbenchError: When the model has no such head.
    """
    match loaded.head:
        case "multi-label":
            return _labels(loaded, texts, check, batch_size)
        case "regressor":
            return _numbers(loaded, texts, check, batch_size)
        case "tagger":
            found = marks(loaded, texts, check, batch_size)
            return tuple(
                Prediction(text, (), "marks", marks=one) for text, one in zip(texts, found, strict=True)
            )
    probabilities, _ = class_probabilities(loaded, texts, check=check, batch_size=batch_size)
    return tuple(
        Prediction(text, ranked(loaded.class_names, row))
        for text, row in zip(texts, probabilities.tolist(), strict=True)
    )


def _labels(
    loaded: LoadedModel | LiveModel, texts: Sequence[str], check: Callable[[], object], batch_size: int
) -> tuple[Prediction, ...]:
    names = loaded.class_names
    logits = row_outputs(loaded, texts, check=check, batch_size=batch_size).logits
    assert logits is not None
    probabilities = np.exp(-np.logaddexp(0, -logits.astype(np.float64)))
    given = probabilities >= np.array(getattr(loaded.model.config, "thresholds", None) or 0.5)
    return tuple(
        Prediction(
            text,
            ranked(names, row.tolist()),
            "labels",
            chosen=tuple(name for name, mark in zip(names, marked, strict=True) if mark),
        )
        for text, row, marked in zip(texts, probabilities, given, strict=True)
    )


def _numbers(
    loaded: LoadedModel | LiveModel, texts: Sequence[str], check: Callable[[], object], batch_size: int
) -> tuple[Prediction, ...]:
    """In the units of the data that the model has learned from."""
    config = loaded.model.config
    outputs = row_outputs(loaded, texts, check=check, batch_size=batch_size).logits
    assert outputs is not None
    scale, mean = (np.array(getattr(config, name, None) or plain) for name, plain in _UNITS)
    amounts = outputs.astype(np.float64) * scale + mean
    return tuple(
        Prediction(text, (), "numbers", numbers=tuple(zip(loaded.class_names, row, strict=True)))
        for text, row in zip(texts, amounts.tolist(), strict=True)
    )


#: What a regressor's config says of its units, and what holds where it says nothing.
_UNITS = (("target_std", 1.0), ("target_mean", 0.0))
