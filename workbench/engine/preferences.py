"""How likely a model finds whole answers, and what makes the better of two answers the likelier one."""

from __future__ import annotations

import torch
from torch.nn import functional

from workbench.engine.output_layer import at_places
from workbench.engine.task import Batch


def answer_log_probabilities(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """log P(answer | prompt) of each row: the sum over the tokens of its answer.

    Args:
        logits: The model's, shape (rows, tokens, vocabulary), or at `answering` alone, shape (terms, vocabulary).
        batch: Has `input_ids`; `answering`, int64, the places in the flattened batch from which a token of an answer
            is predicted; and `answer_row`, int64 of the same shape, the row of each.

    Returns:
        float32 (float64 stays so), shape (rows,).
    """
    ids = batch["input_ids"]
    chosen = at_places(logits, batch["answering"])
    chosen = chosen if chosen.dtype == torch.float64 else chosen.float()
    wanted = ids.flatten().index_select(0, batch["answering"] + 1)
    # −cross-entropy is log softmax(z)_y, without a second table of the size of the logits.
    each = -functional.cross_entropy(chosen, wanted, reduction="none")
    return each.new_zeros(len(ids)).index_add(0, batch["answer_row"], each)


def rewards(log_probabilities: torch.Tensor, reference: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    """β · (log π(y|x) − log π_ref(y|x)): the reward that a model gives an answer implicitly.

    Rafailov et al. 2023, "Direct Preference Optimization", equation 5 without the term that all answers to one prompt
    share. The cross-entropy over a pair of them, with the better answer as the right class, is the loss of equation
    7: −log σ(r_w − r_l).
    """
    return beta * (log_probabilities - reference)


def log_odds(log_probabilities: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """log(P / (1 − P)) with log P the mean of an answer's log-probabilities over its tokens.

    Hong et al. 2024, "ORPO", equations 1, 3 and 4. The cross-entropy over a pair of them, with the better answer as
    the right class, is the loss of equation 7: −log σ(log odds ratio). P itself is σ(log odds).

    Args:
        log_probabilities: Of whole answers, shape (rows,).
        tokens: Tokens of each answer, shape (rows,).
    """
    mean = log_probabilities / tokens.clamp(min=1)
    # An answer that is certain would have infinite odds.
    mean = mean.clamp(max=-torch.finfo(mean.dtype).eps)
    return mean - torch.log(-torch.expm1(mean))
