"""Class probabilities of texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.engine.attention import ranked
from workbench.engine.live import LiveModel
from workbench.engine.loading import LoadedModel
from workbench.engine.row_scores import class_probabilities
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
    found, _ = class_probabilities(loaded, texts, check=check, batch_size=batch_size)
    return tuple(
        Prediction(text, ranked(loaded.class_names, row))
        for text, row in zip(texts, found.tolist(), strict=True)
    )
