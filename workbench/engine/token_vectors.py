"""The vectors that a model reads in place of tokens, and changing them on their way in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch

from workbench.engine.layers import input_embeddings
from workbench.run.problem import bad_input


def token_vectors(model: torch.nn.Module, field: str, title: str) -> torch.nn.Module:
    """The module that gives each token its vector.

    Args:
        model: The bare model.
        field: The recipe field that needs it, for the complaint.
        title: What the field is called.

    Raises:
        WorkbenchError: When the model has no such module.
    """
    found = input_embeddings(model)
    if found is None:
        raise bad_input(
            f"{field} ({title}): this model has no table of token vectors.",
            f"It works on the vectors of tokens, and {type(model).__name__} does not tell where it has them.",
            "Switch it off, or choose another model.",
            field=field,
        )
    return found


@contextlib.contextmanager
def changed(vectors: torch.nn.Module, change: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[None]:
    """While this is entered, what `vectors` returns, (rows, tokens, width), goes through `change`.

    Of several changes the one entered last comes first: methods near the model enter last. No hook is left
    behind for those who use the model between two steps.
    """

    def hook(_module: torch.nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        return change(output)

    handle = vectors.register_forward_hook(hook, prepend=True)
    try:
        yield
    finally:
        handle.remove()
