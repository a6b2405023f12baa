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
from workbench.engine.word_pieces import Places, word_pieces
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
    places = [word_places(text) for text in texts]
    read = word_probabilities(loaded, texts, places, check, batch_size)
    return tuple(_marks(*row, loaded.class_names) for row in zip(places, read, strict=True))


def word_probabilities(
    loaded: LoadedModel | LiveModel,
    texts: Sequence[str],
    places: Sequence[Places],
    check: Callable[[], object] = lambda: None,
    batch_size: int = 32,
) -> list[NDArray[np.float32]]:
    """The probability of every tag for each word of each text, shape (words, tags); NaN for a word that is not read.

    Args:
        loaded: A model with the head "tagger".
        texts: The texts.
        places: Where the words of each stand.
        check: As in `marks`.
        batch_size: As in `marks`.
    """
    limit = fitting_length(min(int(loaded.tokenizer.model_max_length), LONGEST), loaded.model)
    pieces = word_pieces(loaded.tokenizer, texts, places, limit, check)
    pad = int(loaded.tokenizer.pad_token_id or 0)
    ids = [one.ids if len(one.ids) else np.array([_NOTHING], dtype=np.int32) for one in pieces]
    tags = len(loaded.class_names)
    found = [np.full((len(words), tags), np.nan, dtype=np.float32) for words in places]
    for rows in sorted_batches(np.array([len(row) for row in ids], dtype=np.int64), batch_size):
        check()
        batch, mask = padded([ids[i] for i in rows], pad)
        with untouched(loaded.model):
            logits = loaded.model(
                input_ids=batch.to(loaded.device), attention_mask=mask.to(loaded.device)
            ).logits
        logits = logits[:, -mask.shape[1] :]  # virtual tokens stand before the text
        probabilities = torch.softmax(logits.float(), dim=-1).cpu().numpy()
        for place, row in enumerate(rows):
            read = pieces[row].first >= 0
            found[row][read] = probabilities[place][pieces[row].first[read]]
    return found


def likeliest(probabilities: NDArray[np.float32], names: Sequence[str]) -> list[str]:
    """The most probable tag of each word; "O" for a word that is not read."""
    read = ~np.isnan(probabilities).any(axis=-1)
    best = np.where(read, np.nan_to_num(probabilities).argmax(axis=-1), -1)
    return [names[tag] if tag >= 0 else "O" for tag in best.tolist()]


def _marks(places: Places, probabilities: NDArray[np.float32], names: tuple[str, ...]) -> tuple[Mark, ...]:
    """The marks of one text."""
    if not len(places):
        return ()
    tags, sure = likeliest(probabilities, names), probabilities.max(axis=-1)
    if not are_span_tags(names):
        words = zip(places, tags, sure.tolist(), strict=True)
        return tuple(Mark(*place, tag, chance) for place, tag, chance in words if chance == chance)
    return tuple(
        Mark(places[one.start][0], places[one.end - 1][1], one.kind, float(sure[one.start : one.end].mean()))
        for one in entities(tags)
    )
