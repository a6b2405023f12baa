"""Class probabilities of texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from workbench.engine.attention import ranked
from workbench.engine.batches import sorted_batches
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.engine.task import padded
from workbench.run.problem import bad_input
from workbench.run.results import Prediction


def predict(
    loaded: LoadedModel | LiveModel,
    texts: Sequence[str],
    check: Callable[[], object] = lambda: None,
    batch_size: int = 32,
) -> tuple[Prediction, ...]:
    """Probabilities of every class for each text, in the texts' order.

    Args:
        loaded: A classifier.
        texts: The texts; an empty one is as good as any other.
        check: Called between batches; may raise to end the work.
        batch_size: Texts per forward pass; texts of similar length stand together.

    Raises:
        WorkbenchError: When the model is no classifier.
    """
    if loaded.head != "classifier":
        raise bad_input(
            f"{loaded.name} is not a classifier.",
            "It has no head that puts texts into classes.",
            "Choose a run of the task text classification.",
        )
    tokenizer = loaded.tokenizer
    limit = fitting_length(min(int(tokenizer.model_max_length), 8192), loaded.model)
    encoded = tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"] if texts else []
    ids = [np.asarray(row, dtype=np.int32) for row in encoded]
    results: list[Prediction | None] = [None] * len(ids)
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    for rows in sorted_batches(lengths, batch_size):
        check()
        batch, mask = padded([ids[i] for i in rows], int(tokenizer.pad_token_id or 0))
        with untouched(loaded.model):
            logits = loaded.model(
                input_ids=batch.to(loaded.device), attention_mask=mask.to(loaded.device)
            ).logits
        for i, row in zip(rows, torch.softmax(logits.float(), dim=-1).tolist(), strict=True):
            results[i] = Prediction(texts[i], ranked(loaded.class_names, row))
    return tuple(result for result in results if result is not None)
