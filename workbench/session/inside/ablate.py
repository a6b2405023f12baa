"""Taking heads away: what it does to the held-out metric and to a sentence, which heads matter, and a model without
the others."""

from __future__ import annotations

import dataclasses
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workbench
from workbench.run.folder import RunFolder, find_run
from workbench.run.home import Home
from workbench.run.inside.ablation import (
    Ablation,
    Head,
    Importance,
    Kind,
    Mode,
    PrunedModel,
    by_layer,
    heads_counted,
)
from workbench.run.problem import WorkbenchError, bad_input
from workbench.session.cards import LOADERS, PIPELINES
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe, step_context
from workbench.session.requests import LIVE

if TYPE_CHECKING:
    from workbench.engine.inside.ablation import HeldOut
    from workbench.engine.inside.head_gates import Place
    from workbench.engine.inside.importance import Sweep
    from workbench.engine.loading import LoadedModel

#: Held-out rows that are measured unless another number is asked for.
ROWS = 500


@dataclass(frozen=True, slots=True)
class AblationRequest:
    """A model without some heads.

    Attributes:
        model: As in `AttentionRequest`; not `LIVE`.
        heads: (layer, head) pairs, counted from 0; none gives the whole model.
        mode: What stands in their place.
        text: A sentence to predict, or nothing.
        run: The run whose held-out rows are measured; empty when `model` is the run.
        rows: At most so many of them, always the same ones.
    """

    model: str
    heads: tuple[Head, ...] = ()
    mode: Mode = "zero"
    text: str = ""
    run: str = ""
    rows: int = ROWS


@dataclass(frozen=True, slots=True)
class ImportanceRequest:
    """How much each head of a model matters; the fields as in `AblationRequest`.

    With `seconds` the work is put down after about that time and a part of the answer given; asking again goes on.
    """

    model: str
    kind: Kind = "zero"
    run: str = ""
    rows: int = ROWS
    seconds: float = float("inf")


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """A model to be saved without some heads into `folder`; the other fields as in `AblationRequest`."""

    model: str
    heads: tuple[Head, ...]
    folder: Path
    mode: Mode = "zero"
    run: str = ""
    rows: int = ROWS


@dataclass(slots=True)
class _Bench:
    """One model and its held-out rows, kept between two questions."""

    model: weakref.ref[Any]
    run: Path
    rows: int
    recipe_kind: str
    held: HeldOut
    sweeps: dict[Mode, Sweep] = field(default_factory=dict)


_bench: list[_Bench] = []  # at most one; only the engine's thread is here


def take_away(home: Home, request: AblationRequest, desk: Desk) -> Ablation:
    """The model without these heads: the sentence's prediction, reported at once, and the held-out metric.

    Raises:
        WorkbenchError: When the model has no run, its data has changed, or its heads are not found.
    """
    from workbench.engine.inside.ablation import measure_without, predicted, without
    from workbench.engine.inside.pruning import can_hold_means

    loaded, places, bench = _at_work(home, request, desk)
    _check_heads(places, request.heads)
    before = after = predicted(loaded, request.text) if request.text else ()
    if request.heads and request.text:
        with without(bench.held, places, request.heads, request.mode):
            after = predicted(loaded, request.text)
    found = Ablation(
        loaded.name,
        tuple(place.label for place in places),
        tuple(place.heads for place in places),
        request.heads,
        request.mode,
        bench.held.seconds,
        None,
        request.text,
        before,
        after,
        can_hold_means(places),
    )
    desk.report(found)
    desk.report("Measuring the held-out rows…")
    measured = measure_without(loaded, places, bench.held, request.heads, request.mode, desk.check)
    return dataclasses.replace(found, measured=measured)


def importance(home: Home, request: ImportanceRequest, desk: Desk) -> Importance:
    """How much each head matters. Parts of the answer are reported; see `ImportanceRequest` for giving it in parts.

    Raises:
        WorkbenchError: As `take_away`.
    """
    from workbench.engine.inside.importance import Sweep, go_on, gradient_importance, sweep_importance

    loaded, places, bench = _at_work(home, request, desk)
    held = bench.held
    if request.kind == "gradient":
        return gradient_importance(loaded, places, held, desk.check, desk.report)
    sweep = bench.sweeps.setdefault(request.kind, Sweep.begin(places, held, request.kind))
    left = request.seconds
    while True:
        share = min(left, 2.0)
        go_on(loaded, places, held, sweep, desk.check, share)
        found = sweep_importance(places, held, sweep)
        left -= share
        if left <= 0 or found.complete:
            return found
        desk.report(found)


def save_without(home: Home, request: SaveRequest, desk: Desk) -> PrunedModel:
    """Save the model without these heads, as a folder that other tools load, with what was measured in its README.

    Raises:
        WorkbenchError: As `take_away`, or when it cannot be saved there.
    """
    from workbench.engine.inside import pruning

    loaded, places, bench = _at_work(home, request, desk)
    _check_heads(places, request.heads)
    if not request.heads:
        raise bad_input("No head is chosen.", "", "Choose the heads that the model is to lack.")
    desk.report("Saving and measuring what was saved…")
    card = _card(loaded.name, bench.recipe_kind, request, tuple(place.label for place in places))
    return pruning.save_without(
        loaded, places, bench.held, request.heads, request.mode, request.folder, card, desk.check
    )


def parse_heads(text: str) -> tuple[Head, ...]:
    """Heads as a person writes them, "1.3,2.5" for layer 1, head 3 and layer 2, head 5, counted from 1.

    Raises:
        WorkbenchError: When a part is no such pair.
    """
    heads = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        layer, dot, head = part.partition(".")
        if not (dot and layer.isdecimal() and head.isdecimal() and int(layer) and int(head)):
            raise bad_input(
                f"{part!r} names no head.",
                "A head is a layer and a head with a dot between, both counted from 1.",
                "Write 1.3,2.5 for head 3 of layer 1 and head 5 of layer 2.",
            )
        heads.append((int(layer) - 1, int(head) - 1))
    return tuple(dict.fromkeys(heads))


def _check_heads(places: tuple[Place, ...], heads: tuple[Head, ...]) -> None:
    for layer, head in heads:
        if layer >= len(places) or head >= places[layer].heads:
            most = places[min(layer, len(places) - 1)].heads
            raise bad_input(
                f"There is no head {layer + 1}.{head + 1}.",
                f"The model has {len(places)} layers of {most} heads.",
                "Count both from 1.",
            )


def _at_work(
    home: Home, request: AblationRequest | ImportanceRequest | SaveRequest, desk: Desk
) -> tuple[LoadedModel, tuple[Place, ...], _Bench]:
    """The model, the places of its heads, and its held-out rows, laid out or still laid out."""
    from workbench.engine.inside.head_gates import head_places

    if request.model == LIVE:
        raise bad_input(
            "Heads of the model in training cannot be taken away.",
            "Measuring takes longer than a training should wait.",
            "Wait for its end, or choose its newest checkpoint.",
        )
    folder = _run_of(home, request.run or request.model)
    loaded: Any = the_model(home, request.model, desk)
    places = head_places(loaded.model)
    for bench in _bench:
        if bench.model() is loaded.model and (bench.run, bench.rows) == (folder.path, request.rows):
            return loaded, places, bench
    _bench.clear()
    bench = _laid_out(home, folder, loaded, places, request.rows, desk)
    _bench.append(bench)
    return loaded, places, bench


def _run_of(home: Home, name: str) -> RunFolder:
    try:
        return find_run(home, name)
    except WorkbenchError as error:
        raise bad_input(
            f"{name} has no held-out rows to be measured on.",
            f"They are those of a run. {error.problem.title}",
            "Choose a run of your own. List them with: workbench runs",
        ) from error


def _laid_out(
    home: Home, folder: RunFolder, loaded: LoadedModel, places: tuple[Place, ...], rows: int, desk: Desk
) -> _Bench:
    """Read the run's data again as training read it, and measure the whole model on the held-out rows."""
    from workbench.engine.encoding import keeping_tokens
    from workbench.engine.inside.ablation import choose_rows, hold_out
    from workbench.tasks import task_named

    desk.report("Reading the held-out rows…")
    recipe = own_recipe(folder)
    task = task_named(recipe.task.kind)
    try:
        read = task.read(recipe, step_context(recipe, home, desk.check))
    except WorkbenchError as error:
        raise bad_input(
            f"The held-out rows of {folder.name} cannot be read.",
            f"{error.problem.title} {error.problem.cause}",
            f"Put the file back, or correct its place under [data] in {folder.recipe_file}.",
        ) from error
    known = folder.environment().get("data_fingerprint")
    if (known and known != read.fingerprint) or (read.class_names and read.class_names != loaded.class_names):
        raise bad_input(
            f"The data of {folder.name} has changed since it was trained.",
            f"Rows that are held out now may be rows that it learned from ({recipe.data.train}).",
            "Put the old file back, or train again.",
        )
    desk.check()
    with keeping_tokens(home.cache / "tokens"):
        goods = task.encode(recipe, read, loaded.model, loaded.tokenizer)
    desk.report("Measuring the whole model…")
    split = choose_rows(goods.validation, rows)
    held = hold_out(loaded, places, task, read, split, desk.check)
    return _Bench(weakref.ref(loaded.model), folder.path, rows, task.kind, held)


#: Where the numbers go in a README that is yet to be filled in.
MEASURED, SIZE = "{measured}", "{size}"


def _card(name: str, kind: str, request: SaveRequest, layers: tuple[str, ...]) -> str:
    """The README; what was measured is not yet known."""
    loader = LOADERS.get(kind, "AutoModel")
    instead = "zeros" if request.mode == "zero" else "their mean over the held-out tokens"
    return f"""---
library_name: transformers
pipeline_tag: {PIPELINES.get(kind, kind)}
tags:
- model-workbench
---

# {name} without {heads_counted(len(request.heads))}

Made by Model Workbench {workbench.__version__} from the run `{request.run or name}`: attention heads were taken
away, with {instead} in their place. Nothing was trained afterwards.

Taken away: {by_layer(request.heads, layers)}

Measured with this folder on held-out rows of that run: {MEASURED}

{SIZE}

```python
from transformers import AutoTokenizer, {loader}

tokenizer = AutoTokenizer.from_pretrained("{request.folder.name}")
model = {loader}.from_pretrained("{request.folder.name}")
```
"""
