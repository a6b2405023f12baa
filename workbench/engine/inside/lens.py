"""The layer lens: what the model's own head says about the output of each layer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.attention import Wanted, readable_tokens
from workbench.engine.inside.reading import Reading, prepare
from workbench.engine.layers import layers_of
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel
from workbench.run.inside.lens import GUESSES, ClassLens, Lens, TokenLens, row_name
from workbench.run.problem import Problem, WorkbenchError

Forward = Callable[..., Any]


def layer_lens(
    loaded: LoadedModel | LiveModel,
    text: str,
    max_tokens: int = 128,
    check: Callable[[], object] = lambda: None,
    report: Callable[[str], object] = lambda words: None,
) -> Lens:
    """Read the model's guess out after each layer.

    The text is read once, and what goes into each layer is kept. Then, for each layer, the model runs again with all
    layers skipped, and what that layer gave in the place of the last one's output: whatever follows the layers (the
    final norm, pooling, the head) is the model's own, so nothing of it depends on the architecture. The last row is
    the model's own answer.

    Args:
        loaded: A classifier or a language model.
        text: The text.
        max_tokens: Longer texts are cut.
        check: Called after each layer; may raise to stop.
        report: Receives what is done in words.

    Raises:
        WorkbenchError: When the model makes no prediction, or its layers do not follow one another.
    """
    _check_kind(loaded)
    reading = prepare(loaded, text, Wanted(max_tokens))
    model = loaded.model
    with untouched(model), _uncompiled(model):
        stack = _Stack(model, reading.inputs)
        if loaded.head == "classifier":
            return _classes(loaded, reading, stack, check)
        return _tokens(loaded, reading, stack, check, report)


class _Stack:
    """What went into each layer of a model for some inputs, and what came out of the last one."""

    def __init__(self, model: Any, inputs: dict[str, Any]) -> None:
        """
        Raises:
            WorkbenchError: When the layers hand on something else than one state of the same shape.
        """
        self._model, self._inputs = model, inputs
        self._blocks = list(dict.fromkeys(layers_of(model)))  # ALBERT runs one block many times
        self._outputs: list[Any] = []
        self.states: list[torch.Tensor] = []

        def watched(own: Forward) -> Forward:
            def forward(*args: Any, **named: Any) -> Any:
                output = own(*args, **named)
                self.states.append(_given(args, named))
                self._outputs.append(output)
                return output

            return forward

        with _forwards(self._blocks, watched):
            self.logits: torch.Tensor = model(**inputs).logits
        if self._outputs:
            self.states.append(_first(self._outputs[-1]))
        if not self.states or any(state.shape != self.states[0].shape for state in self.states):
            raise _refused(model)
        if not torch.allclose(self.read_out(len(self.states) - 1), self.logits, rtol=1e-3, atol=1e-3):
            raise _refused(model)

    def read_out(self, row: int) -> torch.Tensor:
        """The logits that the model gives if its layers end with this row."""
        calls = iter(range(len(self._outputs)))

        def skipped(own: Forward) -> Forward:
            def forward(*args: Any, **named: Any) -> Any:
                call = next(calls)
                last = call == len(self._outputs) - 1
                state = self.states[row] if last else _given(args, named)
                output = self._outputs[call]
                return state if isinstance(output, torch.Tensor) else (state, *output[1:])

            return forward

        with _forwards(self._blocks, skipped):
            logits: torch.Tensor = self._model(**self._inputs).logits
        return logits


@contextlib.contextmanager
def _forwards(blocks: Sequence[torch.nn.Module], change: Callable[[Forward], Forward]) -> Iterator[None]:
    """Give blocks another `forward` for a while."""
    before = [block.__dict__.get("forward") for block in blocks]
    try:
        for block in blocks:
            block.forward = change(block.forward)
        yield
    finally:
        for block, own in zip(blocks, before, strict=True):
            block.__dict__.pop("forward", None)
            if own is not None:
                block.__dict__["forward"] = own


@contextlib.contextmanager
def _uncompiled(model: torch.nn.Module) -> Iterator[None]:
    """Compiled layers run as they are written, for a compiled one would not notice that it is to be skipped."""
    if any(module._compiled_call_impl is not None for module in model.modules()):
        with torch.compiler.set_stance("force_eager"):
            yield
    else:
        yield


def _given(args: tuple[Any, ...], named: dict[str, Any]) -> torch.Tensor:
    found = args[0] if args else named.get("hidden_states")
    return found if isinstance(found, torch.Tensor) else torch.empty(0)


def _first(output: Any) -> torch.Tensor:
    found = output[0] if isinstance(output, tuple | list) and output else output
    return found if isinstance(found, torch.Tensor) else torch.empty(0)


# ---- answers


def _classes(
    loaded: LoadedModel | LiveModel, reading: Reading, stack: _Stack, check: Callable[[], object]
) -> ClassLens:
    rows = []
    for row in range(len(stack.states)):
        check()
        rows.append(torch.softmax(_precise(stack.read_out(row)[0]), dim=-1).double().cpu().numpy())
    return ClassLens(
        model=loaded.name,
        tokens=reading.queries.tokens,
        class_names=loaded.class_names,
        probabilities=_frozen(np.stack(rows)),
        step=loaded.step,
        note=reading.note,
    )


def _tokens(
    loaded: LoadedModel | LiveModel,
    reading: Reading,
    stack: _Stack,
    check: Callable[[], object],
    report: Callable[[str], object],
) -> TokenLens:
    ids: torch.Tensor = reading.inputs["input_ids"][0]
    rows, n = len(stack.states), len(ids)
    guesses: list[NDArray[np.int64]] = []
    probabilities: list[NDArray[np.float64]] = []
    likely = np.full((rows, n), np.nan)
    ranks = np.zeros((rows, n), dtype=np.int64)
    for row in range(rows):
        check()
        report(f"{row_name(row)} of {rows - 1}" if row else "What goes into the first layer")
        logits = _precise(stack.read_out(row)[0])
        chances = torch.softmax(logits, dim=-1)
        best = chances.topk(min(GUESSES, chances.shape[-1]), dim=-1)
        guesses.append(best.indices.cpu().numpy())
        probabilities.append(best.values.double().cpu().numpy())
        really = ids[1:, None]
        likely[row, :-1] = chances[:-1].gather(1, really)[:, 0].double().cpu().numpy()
        above = logits[:-1] > logits[:-1].gather(1, really)
        ranks[row, :-1] = above.sum(dim=-1).cpu().numpy() + 1
    following = np.append(ids[1:].cpu().numpy(), -1)
    named = np.unique(np.concatenate([np.stack(guesses).ravel(), following[:-1]])).tolist()
    return TokenLens(
        model=loaded.name,
        tokens=reading.queries.tokens,
        special=reading.queries.special,
        guesses=_frozen(np.stack(guesses)),
        probabilities=_frozen(np.stack(probabilities)),
        following=_frozen(following),
        following_probability=_frozen(likely),
        following_rank=_frozen(ranks),
        words=spelt(loaded.tokenizer, named),
        step=loaded.step,
        note=reading.note,
    )


def spelt(tokenizer: Any, numbers: list[int]) -> dict[int, str]:
    """Tokens as a person reads them; heads are often made longer than the vocabulary is."""
    known = [number for number in numbers if number < len(tokenizer)]
    words = {number: f"#{number}" for number in numbers}
    return words | dict(zip(known, readable_tokens(tokenizer, known), strict=True))


def _precise(logits: torch.Tensor) -> torch.Tensor:
    return logits if logits.dtype == torch.float64 else logits.float()


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


# ---- refusals


def _check_kind(loaded: LoadedModel | LiveModel) -> None:
    if loaded.head not in ("classifier", "causal-lm"):
        raise WorkbenchError(
            Problem(
                "This model has no head whose answer could be read out after each layer.",
                f"{loaded.name} has no classes, and does not guess the next word.",
                "Choose a run that was trained on classes, or a language model.",
            )
        )
    if getattr(loaded.model.config, "is_encoder_decoder", False):
        raise _refused(loaded.model, "it has two stacks of layers, one that reads and one that writes")
    if loaded.head == "classifier" and len(loaded.class_names) < 2:
        raise _refused(loaded.model, "it predicts a number, and no class")


def _refused(model: Any, cause: str = "they do not hand one state on from one to the next") -> WorkbenchError:
    return WorkbenchError(
        Problem(
            "The layers of this model cannot be read out one by one.",
            f"{type(model).__name__}: {cause}.",
            "Choose a model of the BERT, GPT or Llama families, for example.",
        )
    )
