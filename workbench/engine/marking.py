"""What a model marks in texts: stretches of words with their kinds, or a tag for every word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.data.span_cells import are_span_tags, word_places
from workbench.engine.batches import sorted_batches
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.engine.row_scores import LONGEST
from workbench.engine.task import padded
from workbench.engine.word_pieces import Pieces, Places, word_pieces
from workbench.run.entity_tallies import entities
from workbench.run.results import Mark

#: A text without any token is read as this one, which any model knows.
_NOTHING = 0


def marks(
    loaded: LoadedModel | LiveModel,
    texts: Sequence[str],
    check: Callable[[], object] = lambda: None,
    batch_size: int = 32,
) -> tuple[tuple[Mark, ...], ...]:
    """What a tagger marks in each text, in the texts' order and that of their characters.

    Where its tags say where something begins and goes on they are read strictly, as they are counted when the model is
    measured. A mark's probability is the mean over its words.

    Args:
        loaded: A model with the head "tagger".
        texts: The texts; they are cut into words at blanks and around signs such as commas.
        check: Called between batches; may raise to end the work.
        batch_size: Texts per forward pass; texts of similar length stand together.
    """
    limit = fitting_length(min(int(loaded.tokenizer.model_max_length), LONGEST), loaded.model)
    places = [word_places(text) for text in texts]
    pieces = word_pieces(loaded.tokenizer, texts, places, limit, check)
    pad = int(loaded.tokenizer.pad_token_id or 0)
    ids = [one.ids if len(one.ids) else np.array([_NOTHING], dtype=np.int32) for one in pieces]
    found: list[tuple[Mark, ...]] = [()] * len(texts)
    for rows in sorted_batches(np.array([len(row) for row in ids], dtype=np.int64), batch_size):
        check()
        batch, mask = padded([ids[i] for i in rows], pad)
        with untouched(loaded.model):
            logits = loaded.model(
                input_ids=batch.to(loaded.device), attention_mask=mask.to(loaded.device)
            ).logits
        probabilities = torch.softmax(logits.float(), dim=-1).cpu().numpy()
        for place, row in enumerate(rows):
            found[row] = _marks(places[row], pieces[row], probabilities[place], loaded.class_names)
    return tuple(found)


def _marks(
    places: Places, pieces: Pieces, probabilities: NDArray[np.float32], names: tuple[str, ...]
) -> tuple[Mark, ...]:
    """The marks of one text, from the probabilities (tokens, tags) of its tokens."""
    read = pieces.first >= 0
    said = np.full(len(places), -1, dtype=np.int64)
    said[read] = probabilities[pieces.first[read]].argmax(axis=-1)
    sure = np.zeros(len(places))
    sure[read] = probabilities[pieces.first[read]].max(axis=-1)
    if not are_span_tags(names):
        return tuple(
            Mark(*places[i], names[said[i]], float(sure[i])) for i in range(len(places)) if said[i] >= 0
        )
    tags = [names[tag] if tag >= 0 else "O" for tag in said]
    return tuple(
        Mark(places[one.start][0], places[one.end - 1][1], one.kind, float(sure[one.start : one.end].mean()))
        for one in entities(tags)
    )
