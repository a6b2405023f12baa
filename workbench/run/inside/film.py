"""The training film in a run folder: one small file a frame, an index that only grows, and their readers.

    film/probes.json          the pinned sentences with their tokens
    film/index.jsonl          one line a frame: step, predictions, losses, what filming took so far
    film/frame-000400.npz     the attention of every head for every pinned sentence, as bytes

A frame counts from its line in the index on: a torn last line, or a frame file without a line, is passed over.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.run.files import write_whole

#: Rises whenever a film of before could not be read as it was meant.
FORMAT = 1
#: Maps are pooled to at most this many cells a side.
TILE = 32
#: A frame is kept as what changed since the one before, which halves the file; every so often one is kept whole.
WHOLE_EVERY = 16


@dataclass(frozen=True, slots=True)
class Probe:
    """A pinned sentence.

    Attributes:
        text: The sentence.
        label: Its class, where that is known.
        tokens: What the model reads, as a person reads it.
        special: For each token, whether the model adds it itself.
        causal: Whether a token sees only itself and earlier ones.
    """

    text: str
    label: str = ""
    tokens: tuple[str, ...] = ()
    special: tuple[bool, ...] = ()
    causal: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What the model made of one pinned sentence: (class or next token, probability) pairs, best first, and the loss
    in nats; NaN where it is not known what would be right."""

    prediction: tuple[tuple[str, float], ...]
    loss: float


@dataclass(frozen=True, slots=True)
class Frame:
    """One moment of the training.

    Attributes:
        step: How many steps were done.
        epoch: How many epochs were done.
        said: What the model made of each pinned sentence.
        measured: Whether the held-out rows were measured at this step too.
        spent: Seconds that filming took so far.
        trained: Seconds that training took so far.
    """

    step: int
    epoch: float
    said: tuple[Said, ...]
    measured: bool
    spent: float
    trained: float


@dataclass(frozen=True, slots=True, eq=False)
class Reel:
    """The film of one pinned sentence.

    Attributes:
        probes: All pinned sentences of the run.
        probe: Which of them this is.
        frames: The frames, by step.
        levels: uint8, read-only, shape (frames, layers, heads, cells, cells): square roots of weights, 255 at the
            frame's top. A cell is a token, or the strongest of a block of tokens.
        tops: float32, shape (frames,): the largest weight of each frame.
    """

    probes: tuple[Probe, ...]
    probe: int
    frames: tuple[Frame, ...]
    levels: NDArray[np.uint8]
    tops: NDArray[np.float32]

    @property
    def pinned(self) -> Probe:
        """The pinned sentence."""
        return self.probes[self.probe]

    @property
    def cost(self) -> float:
        """The share of the training time that filming took so far."""
        last = self.frames[-1]
        return last.spent / last.trained if last.trained else 0.0

    def said(self, frame: int) -> Said:
        """What the model made of the sentence in a frame."""
        return self.frames[frame].said[self.probe]

    def weights(self, frame: int) -> NDArray[np.float32]:
        """The attention of a frame, float32 of shape (layers, heads, cells, cells)."""
        return weights_of(self.levels[frame], float(self.tops[frame]))

    def tokens(self) -> tuple[str, ...]:
        """What stands at each cell: a token, or the first of its block."""
        return tuple(self.pinned.tokens[first] for first in self._firsts())

    def special(self) -> NDArray[np.bool_]:
        """For each cell, whether its (first) token is special, bool of shape (cells,)."""
        found = np.array([self.pinned.special[first] for first in self._firsts()], dtype=bool)
        found.flags.writeable = False
        return found

    def _firsts(self) -> list[int]:
        return [int(first) for first in _starts(len(self.pinned.tokens), self.levels.shape[-1])]


# ---- weights as bytes


def levels_of(weights: NDArray[np.float32], tile: int = TILE) -> tuple[NDArray[np.uint8], float]:
    """Attention as bytes on a square-root scale, pooled by block maxima to at most `tile` cells a side.

    The square root keeps small weights apart: between 0.01 and 1 a byte is off by 4 % of the weight at most.

    Args:
        weights: Shape (..., n, n).
        tile: The largest number of cells a side.

    Returns:
        The bytes, and the weight that 255 stands for.
    """
    n = weights.shape[-1]
    if n > tile:
        starts = _starts(n, tile)
        weights = np.maximum.reduceat(np.maximum.reduceat(weights, starts, axis=-2), starts, axis=-1)
    top = float(weights.max()) or 1.0
    return (np.sqrt(np.clip(weights / np.float32(top), 0, 1)) * 255 + 0.5).astype(np.uint8), top


def weights_of(levels: NDArray[np.uint8], top: float) -> NDArray[np.float32]:
    """What `levels_of` made bytes of, to within its rounding."""
    shares = np.arange(256, dtype=np.float32) / np.float32(255)
    squares: NDArray[np.float32] = shares * shares * np.float32(top)
    return squares[levels]


def _starts(n: int, cells: int) -> NDArray[np.intp]:
    return (np.arange(cells) * n) // cells


# ---- writing


class FilmWriter:
    """Adds frames to the film of one run; raises `OSError` when they cannot be written."""

    def __init__(self, run: Path, probes: Sequence[Probe], step: int) -> None:
        """Begin a film, or go on with the frames up to a step; later ones are dropped, for they come again.

        Args:
            run: The run folder.
            probes: The pinned sentences. A film of others is dropped.
            step: The step from which training goes on; negative for none.
        """
        self._folder = folder = run / "film"
        kept = list(_frames(folder)) if read_probes(run) == tuple(probes) else []
        self.frames = [frame for frame in kept if frame.step <= step]
        folder.mkdir(exist_ok=True)
        plain = {"format": FORMAT, "probes": [dataclasses.asdict(probe) for probe in probes]}
        write_whole(folder / "probes.json", json.dumps(plain, ensure_ascii=False, indent=1))
        write_whole(folder / "index.jsonl", "".join(_line(frame) for frame in self.frames))
        wanted = {_file_name(frame.step) for frame in self.frames}
        for file in folder.glob("frame-*.npz"):
            if file.name not in wanted:
                file.unlink()
        self._before: tuple[int, list[NDArray[np.uint8]]] = (-1, [])
        self._written = 0

    def add(self, frame: Frame, maps: Sequence[tuple[NDArray[np.uint8], float]]) -> None:
        """Add a frame.

        Args:
            frame: The frame; of a later step than the ones before.
            maps: What `levels_of` gave for each pinned sentence.
        """
        since, before = self._before
        if self._written % WHOLE_EVERY == 0:
            since, before = -1, [np.zeros_like(levels) for levels, _ in maps]
        arrays: dict[str, Any] = {"since": np.int64(since)}
        for index, (levels, top) in enumerate(maps):
            arrays[f"levels_{index}"], arrays[f"top_{index}"] = levels - before[index], np.float32(top)
        path = self._folder / _file_name(frame.step)
        draft = path.with_name(f".{path.name}.part")
        with draft.open("wb") as file:
            np.savez_compressed(file, **arrays)
        draft.replace(path)
        with (self._folder / "index.jsonl").open("a", encoding="utf-8", newline="\n") as index_file:
            index_file.write(_line(frame))
        self.frames.append(frame)
        self._before = frame.step, [levels for levels, _ in maps]
        self._written += 1


def _file_name(step: int) -> str:
    return f"frame-{step:06d}.npz"


def _line(frame: Frame) -> str:
    plain = dataclasses.asdict(frame)
    for said in plain["said"]:
        said["loss"] = said["loss"] if np.isfinite(said["loss"]) else None
        said["prediction"] = [[name, round(p, 6)] for name, p in said["prediction"]]
    return json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n"


# ---- reading


def read_probes(run: Path) -> tuple[Probe, ...]:
    """The pinned sentences of a run's film; none where there is no film that this version can read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        plain = json.loads((run / "film" / "probes.json").read_text(encoding="utf-8"))
        if plain["format"] == FORMAT:
            return tuple(
                Probe(p["text"], p["label"], tuple(p["tokens"]), tuple(p["special"]), p["causal"])
                for p in plain["probes"]
            )
    return ()


def read_frames(run: Path) -> list[Frame]:
    """The frames of a run's film by step, without their maps."""
    return list(_frames(run / "film"))


def read_reel(run: Path, probe: int = 0, known: Reel | None = None) -> Reel | None:
    """The film of one pinned sentence; None where there is none, or no frame of it yet.

    Args:
        run: The run folder; it may be trained at the same time.
        probe: Which pinned sentence; the first one where there is none of that number.
        known: What was read before: only the frames after it are read from the disk.
    """
    probes = read_probes(run)
    if not probes:
        return None
    probe = probe if 0 <= probe < len(probes) else 0
    old = known.frames if known and known.probe == probe and known.probes == probes else ()
    frames = read_frames(run)
    if [(f.step, f.spent) for f in frames[: len(old)]] != [(f.step, f.spent) for f in old]:
        old = ()  # a resumed run dropped some of them
    last = (old[-1].step, known.levels[-1]) if known and old else None
    new = list(_shots(run, frames[len(old) :], probe, last))
    if not new:
        return known if old else None
    levels, tops = np.stack([found[1] for found in new]), np.array([found[2] for found in new], np.float32)
    if known and old:
        levels, tops = np.concatenate([known.levels, levels]), np.concatenate([known.tops, tops])
    levels.flags.writeable = tops.flags.writeable = False
    return Reel(probes, probe, (*old, *(found[0] for found in new)), levels, tops)


Shot = tuple[Frame, NDArray[np.uint8], float]


def _shots(
    run: Path, frames: Sequence[Frame], probe: int, last: tuple[int, NDArray[np.uint8]] | None
) -> Iterator[Shot]:
    """The frames with their maps. After one that cannot be read, the next one is the next that was kept whole."""
    for frame in frames:
        try:
            with (
                (run / "film" / _file_name(frame.step)).open("rb") as file,
                np.load(file, allow_pickle=False) as arrays,
            ):
                since, levels = int(arrays["since"]), arrays[f"levels_{probe}"]
                top = float(arrays[f"top_{probe}"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            continue
        if since >= 0:
            if last is None or last[0] != since or last[1].shape != levels.shape:
                continue
            levels = levels + last[1]
        last = frame.step, levels
        yield frame, levels, top


def _frames(folder: Path) -> Iterator[Frame]:
    """The frames of an index in their order, each step once."""
    try:
        data = (folder / "index.jsonl").read_bytes()
    except OSError:
        return
    last = -1
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        frame = _frame(line)
        if frame is not None and frame.step > last and (folder / _file_name(frame.step)).is_file():
            last = frame.step
            yield frame


def _frame(line: bytes) -> Frame | None:
    try:
        plain = json.loads(line)
        said = tuple(
            Said(
                tuple((str(name), float(p)) for name, p in one["prediction"]),
                float("nan") if one["loss"] is None else float(one["loss"]),
            )
            for one in plain.pop("said")
        )
        return Frame(said=said, **plain)
    except (ValueError, KeyError, TypeError):
        return None
