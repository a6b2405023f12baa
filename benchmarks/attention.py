"""Looking inside, measured: the atlas, a long head, a film, what capturing costs, and BertViz beside it.

    python benchmarks/attention.py [atlas] [head] [film] [capture] [memory] [typing] [bertviz]

Parts not named are left out; without names all run, except bertviz. Each takes less than a minute on a machine
that does nothing else, and prints its goals; where the machine is busy, read processor time and ratios.

- atlas: all heads of 128 tokens from maps to pixels in a new view, then the next maps in the same view, and the same
  in another colour scale; 12 × 12 and 32 × 32 heads.
- head: zooming into and dragging a head of 2 048 × 2 048; the worst frame.
- film: frames of a film of 12 × 12 heads in the real window, each seen for the first time.
- capture: reading the attention of MiniLM (6 × 12 heads) for 512 tokens beside its plain forward pass, in turn.
- typing: a sentence typed in the real window while the maps follow; how late the window is, and what a key takes.
- memory: peak memory of both for 2 048 tokens in a model of that shape, each in a process of its own.
- bertviz: its model view of the same model and sentence, from the loaded model to the first picture. BertViz is no
  part of the workbench: make it a virtual environment of its own, and fetch the libraries that its page asks a
  server for:

      python -m venv bertviz-env && bertviz-env/bin/pip install bertviz torch transformers
      npm install d3@5.7.0 jquery@2.2.4 requirejs@2.3.6
      python benchmarks/attention.py bertviz --bertviz bertviz-env/bin/python --libraries node_modules

  Without --libraries the page fetches them itself, and their way is measured too.

`capture`, `memory`, `typing` and `bertviz` need the embedded model minilm (workbench models fetch minilm).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

Answer = dict[str, Any]
PARTS = ("atlas", "head", "film", "capture", "memory", "typing", "bertviz")
_ROOM = (860, 700)  # what the atlas has in a window of 1 600 × 1 000
_WORDS = "the film was not good but its pictures were and we saw it again with an old friend".split()  # noqa: SIM905


@dataclass(slots=True)
class Times:
    """Milliseconds of one thing done again and again: by the clock, and of the processor."""

    wall: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)

    @contextmanager
    def one(self, clock: Callable[[], float] = time.thread_time) -> Iterator[None]:
        """Once more."""
        wall, own = time.perf_counter(), clock()
        yield
        self.own.append(1000 * (clock() - own))
        self.wall.append(1000 * (time.perf_counter() - wall))

    def told(self) -> str:
        """Median, one in twenty, and the worst."""
        parts = (
            f"{name} median {np.median(v):6.1f}, p95 {np.quantile(v, 0.95):6.1f}, worst {max(v):6.1f} ms"
            for name, v in (("clock:", self.wall), ("processor:", self.own))
        )
        return "; ".join(parts)


def goal(what: str, value: float, most: float, unit: str) -> None:
    """Print a figure beside its goal."""
    print(
        f"  {what:64s} {value:7.2f}{unit}, goal: at most {most}{unit}: {'met' if value <= most else 'MISSED'}"
    )


def made_maps(layers: int, heads: int, n: int, seed: int = 0) -> Any:
    """Maps as heads have them: some are broad, most have a few strong cells in a row."""
    from workbench.run.results import AttentionMaps

    chance = np.random.default_rng(seed)
    sharp = chance.uniform(0.5, 4, (layers, heads, 1, 1)).astype(np.float32)
    weights = np.exp(sharp * chance.standard_normal((layers, heads, n, n), dtype=np.float32))
    weights /= weights.sum(-1, keepdims=True)
    special = np.zeros(n, dtype=bool)
    special[[0, -1]] = True
    tokens = ("[CLS]", *(_WORDS[i % len(_WORDS)] for i in range(n - 2)), "[SEP]")
    return AttentionMaps(weights, tokens, special, "made")


def made_look() -> Any:
    """Colours and scale as they are at the beginning."""
    from PySide6.QtWidgets import QApplication

    from workbench.gui.attention.drawing import Look
    from workbench.gui.attention.scales import Scale
    from workbench.gui.theme import DARK

    return Look(DARK, "ink", Scale(), QApplication.font())


def painted(widget: Any) -> Any:
    """The widget as it is now, in pixels."""
    from PySide6.QtGui import QImage

    image = QImage(widget.size(), QImage.Format.Format_ARGB32_Premultiplied)
    widget.render(image)
    return image


# ---- atlas


def atlas(rounds: int) -> None:
    """Maps to pixels, in a new view and in one that is there."""
    from workbench.gui.attention.atlas_view import AtlasView
    from workbench.gui.attention.drawing import Look
    from workbench.gui.attention.scales import Scale
    from workbench.gui.attention.shown import show

    look = made_look()
    other = Look(look.palette, look.colours, Scale("log"), look.font)
    for side, most_built, most_updated in ((12, 30, 15), (32, 60, 30)):
        maps = [made_maps(side, side, 128, seed) for seed in range(2)]
        times = {"built and painted": Times(), "the next maps": Times(), "another scale": Times()}
        for number in range(rounds + 1):
            view = AtlasView()
            view.resize(*_ROOM)
            view.show()
            shown = [show(each) for each in maps]
            for what, which, how in zip(times, (0, 1, 1), (look, look, other), strict=True):
                with times[what].one():
                    view.show_maps(shown[which], how)
                    painted(view)
            if not number:  # fonts and code are loaded
                times = {what: Times() for what in times}
            view.deleteLater()
        print(f"{side} × {side} heads, 128 tokens")
        for what, found in times.items():
            print(f"  {what}: {found.told()}")
        for what, most in zip(times, (most_built, most_updated, most_updated), strict=True):
            goal(f"{what}, median by the clock", statistics.median(times[what].wall), most, " ms")
            goal(f"{what}, median of the processor", statistics.median(times[what].own), most, " ms")


# ---- head


def head(rounds: int, n: int = 2048) -> None:
    """In to the closest, a walk with the pointer at each size, and out again; every frame is painted."""
    from PySide6.QtCore import QPointF, Qt
    from PySide6.QtTest import QTest

    from workbench.gui.attention.head_view import HeadView
    from workbench.gui.attention.shown import show

    shown = show(made_maps(1, 1, n))
    view = HeadView()
    view.resize(*_ROOM)
    view.show()
    first, zooming, dragging = Times(), Times(), Times()
    with first.one():
        view.show_head(shown, (0, 0), float(shown.row_tops().max()), made_look())
        painted(view)
    around = (n // 3, n // 2)
    for _ in range(rounds):
        for factor in (0.8, 1.25):
            before = None
            while before != view.window_of_cells.span:
                before = view.window_of_cells.span
                with zooming.one():
                    view.zoom(factor, around)
                    painted(view)
                place = view.place()
                assert place is not None
                middle = place.cells.center()
                QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=middle.toPoint())
                for step in range(1, 4):
                    at = middle + QPointF(40 * step, 25 * step)
                    with dragging.one():
                        drag(view, at)
                        painted(view)
                QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=middle.toPoint())
    print(f"a head of {n} × {n}\n  first picture: {first.told()}")
    for what, times in (("zooming", zooming), ("dragging", dragging)):
        print(f"  {what}, {len(times.wall)} frames: {times.told()}")
        goal(f"{what}, the worst frame by the clock", max(times.wall), 50, " ms")
        goal(f"{what}, the worst frame of the processor", max(times.own), 50, " ms")


def drag(view: Any, at: Any) -> None:
    """The pointer goes there with its button down."""
    from PySide6.QtCore import QEvent, Qt
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    button = Qt.MouseButton.LeftButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, at, view.mapToGlobal(at), button, button, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(view, event)


# ---- film


def film(folder: Path, frames: int) -> None:
    """The film page of the real window, frame by frame."""
    from PySide6.QtWidgets import QApplication
    from smoothness import open_window, spin, wait

    from workbench.gui.attention.views.film import FilmView
    from workbench.gui.panes.attention import AttentionPane

    reel = made_reel(frames)
    with open_window(folder) as bench:
        bench.window.resize(1600, 1000)
        bench.window.show_page("attention")
        wait(lambda: bench.window.centre.pane("attention") is not None, "the page")
        pane = bench.window.centre.pane("attention")
        assert isinstance(pane, AttentionPane)
        pane.show_view("film")
        view = pane.view
        assert isinstance(view, FilmView)
        view.show_answer(reel)
        view.stack.setCurrentWidget(view.content)
        spin(0.5)
        for what in ("seen for the first time", "seen again"):
            times = Times()
            view.player.go_to(0)
            QApplication.processEvents()
            for number in range(1, frames):
                with times.one():
                    view.player.go_to(number)
                    QApplication.processEvents()  # paints
            print(f"a film of 12 × 12 heads, {frames} frames, {what}: {times.told()}")
            goal("a frame, median by the clock", statistics.median(times.wall), 33, " ms")
            goal("a frame, p95 of the processor", float(np.quantile(times.own, 0.95)), 33, " ms")
        played(view, frames)


def played(view: Any, frames: int) -> None:
    """The film as a person plays it, 30 frames a second by its own timer: the time from one frame to the next that was
    painted, and how many frames were seen. The first round is the one measured before, so all frames were seen."""
    from smoothness import wait

    seen: list[tuple[float, int]] = []
    view.player.loop.setChecked(False)
    view.player.speed.choose("30")
    view.player.go_to(0)
    view.player.moved.connect(lambda frame: (view.repaint(), seen.append((time.perf_counter(), frame))))
    view.player.toggle()
    wait(lambda: not view.player.playing, "the film's end")
    gaps = [1000 * (b - a) for (a, _), (b, _) in itertools.pairwise(seen)]
    took = seen[-1][0] - seen[0][0]
    rate = (seen[-1][1] - seen[0][1]) / took
    print(
        f"played at 30 frames a second: {len(seen)} of {frames - 1} frames painted, {len(gaps) / took:.1f} a second, "
        f"the film went on by {rate:.1f} a second"
    )
    goal("from one frame to the next, median", statistics.median(gaps), 34, " ms")
    goal("from one frame to the next, p95", float(np.quantile(gaps, 0.95)), 67, " ms")


def made_reel(frames: int) -> Any:
    """A film of 12 × 12 heads and 32 tokens that goes from one set of maps to another."""
    from workbench.run.inside.film import Frame, Probe, Reel, Said, levels_of

    first, last = made_maps(12, 12, 32, 0), made_maps(12, 12, 32, 1)
    shares = np.linspace(0, 1, frames, dtype=np.float32)
    pictures = [levels_of((1 - share) * first.weights + share * last.weights) for share in shares]
    probe = Probe(" ".join(first.tokens), "yes", first.tokens, tuple(map(bool, first.special)))
    rows = tuple(
        Frame(10 * i, i / 10, (Said((("yes", 0.6), ("no", 0.4)), 0.5),), i % 5 == 0, 0.01 * i, 1.0 + i)
        for i in range(frames)
    )
    levels, tops = (np.stack(part) for part in zip(*pictures, strict=True))
    return Reel((probe,), 0, rows, levels, tops.astype(np.float32))


# ---- capture


def minilm() -> Path:
    """The folder of the model that is read."""
    from workbench.run.home import find_home
    from workbench.shelf.models import resolve_model

    return resolve_model("minilm", find_home()).path


def text_of(tokens: int) -> str:
    """More words than so many tokens hold: each is at least one."""
    return " ".join(_WORDS[i % len(_WORDS)] for i in range(tokens))


def capture(rounds: int, tokens: int = 512) -> None:
    """The plain forward pass and a capture in turn, A B A B; the ratios are those of neighbours."""
    import torch

    from workbench.engine.attention import Wanted, capture_head
    from workbench.engine.attention import capture as capture_all
    from workbench.engine.inside.reading import prepare
    from workbench.engine.loading import load_for_use

    loaded = load_for_use(minilm(), "minilm", torch.device("cpu"))
    text, wanted = text_of(tokens), Wanted(max_tokens=tokens)
    inputs = prepare(loaded, text, wanted).inputs

    def plain() -> None:
        with torch.no_grad():
            loaded.model(**inputs)

    ways: dict[str, Callable[[], object]] = {
        "as the window asks": lambda: capture_all(loaded, text, wanted),
        "maxima of blocks": lambda: capture_all(loaded, text, Wanted(max_tokens=tokens, full_bytes=0)),
        "one head in full": lambda: capture_head(loaded, text, 5, 0, wanted),
    }
    print(f"MiniLM, 6 × 12 heads, {inputs['input_ids'].shape[1]} tokens, {torch.get_num_threads()} threads")
    for name, look in ways.items():
        plain()
        look()  # both once, for what is made once
        alone, looked = Times(), Times()
        for _ in range(rounds):
            with alone.one(time.process_time):
                plain()
            with looked.one(time.process_time):
                look()
        ratios = [
            [b / a for a, b in zip(*pair, strict=True)]
            for pair in ((alone.wall, looked.wall), (alone.own, looked.own))
        ]
        print(f"  plain pass: {alone.told()}\n  {name}: {looked.told()}")
        for kind, found in zip(("by the clock", "of the processor"), ratios, strict=True):
            goal(
                f"{name} / plain, median {kind} ({min(found):.2f} to {max(found):.2f})",
                statistics.median(found),
                1.5,
                "",
            )


# ---- memory


def memory(rounds: int, tokens: int) -> None:
    """Peaks of processes that do one of the two."""
    found: dict[str, list[Answer]] = {"plain": [], "capture": [], "head": []}
    for _ in range(rounds):
        for way, answers in found.items():
            answers.append(in_fresh_process("one-memory", way, tokens))
    rise = {
        way: statistics.median(a["peak"] - a["before"] for a in answers) for way, answers in found.items()
    }
    size = found["plain"][0]["full"]
    print(f"{tokens} tokens, 6 × 12 heads; all maps in full would take {size:.0f} MB")
    for way, answers in found.items():
        peaks = ", ".join(f"{a['peak']:.0f}" for a in answers)
        print(
            f"  {way}: peak {peaks} MB, {rise[way]:.0f} MB above the loaded model, {answers[-1]['seconds']:.2f} s"
        )
    goal("capturing all heads above the plain pass", rise["capture"] - rise["plain"], 100, " MB")
    goal("one head in full above the plain pass", rise["head"] - rise["plain"], 100, " MB")


def one_memory(way: str, tokens: int) -> Answer:
    """One of the two, in this process."""
    import torch
    from transformers import AutoConfig, AutoModel

    from workbench.engine.attention import Wanted, capture_head
    from workbench.engine.attention import capture as capture_all
    from workbench.engine.inside.reading import prepare
    from workbench.engine.loading import LoadedModel, load_tokenizer

    config = AutoConfig.from_pretrained(minilm())
    config.max_position_embeddings = tokens
    loaded = LoadedModel(
        AutoModel.from_config(config).eval(), load_tokenizer(minilm()), "encoder", "long", torch.device("cpu")
    )
    text, wanted = text_of(tokens), Wanted(max_tokens=tokens)
    for length in (64, tokens):  # the first only makes what is made once
        before, begun = peak_since(), time.perf_counter()
        if way == "plain":
            with torch.no_grad():
                loaded.model(**prepare(loaded, text, Wanted(max_tokens=length)).inputs)
        elif way == "capture":
            found = capture_all(loaded, text, Wanted(max_tokens=length, full_bytes=0))
            assert len(found.tokens) == length
        else:
            capture_head(loaded, text, 5, 0, Wanted(max_tokens=length))
    assert len(prepare(loaded, text, wanted).queries.tokens) == tokens
    full = config.num_hidden_layers * config.num_attention_heads * tokens**2 * 4 / 1e6
    return {"seconds": time.perf_counter() - begun, "before": before, "peak": peak_now(), "full": full}


def peak_since() -> float:
    """Count the peak from now on, where the system allows it; what is resident now, in MB."""
    import psutil

    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5", encoding="ascii")
    return float(psutil.Process().memory_info().rss / 1e6)


def peak_now() -> float:
    """This process's largest resident memory in MB; not its parent's, as `getrusage` may say."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def in_fresh_process(*arguments: object, python: str = sys.executable, code: str = "") -> Answer:
    """What this file, or some code, answers in a process of its own."""
    start = ["-c", code] if code else [__file__]
    done = subprocess.run(
        [python, *start, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True
    )
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


# ---- all


def main() -> None:
    """Take the parts from the command line."""
    if len(sys.argv) > 2 and sys.argv[1] == "one-memory":
        print(json.dumps(one_memory(sys.argv[2], int(sys.argv[3]))))
        return
    if len(sys.argv) > 2 and sys.argv[1] == "one-atlas":
        from beside_bertviz import ours

        length = int(sys.argv[2])
        print(json.dumps(ours(minilm(), text_of(length), length, Path(sys.argv[3]), _ROOM)))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all but bertviz without any")
    parser.add_argument("--rounds", type=int, default=0, help="how often; each part has a number of its own")
    parser.add_argument("--tokens", type=int, nargs="+", help="for memory (2048) and bertviz (128 512)")
    parser.add_argument("--bertviz", help="the Python that has BertViz")
    parser.add_argument("--chromium", default="chromium", help="the browser that draws BertViz's page")
    parser.add_argument("--libraries", type=Path, help="npm's folder with d3, jquery and requirejs")
    parser.add_argument("--keep", type=Path, help="a folder for the pictures of both")
    parser.add_argument("--most-seconds", type=float, default=300, help="then the browser is ended")
    parser.add_argument("--most-memory", type=float, default=8000, help="in MB; then too")
    args = parser.parse_args()
    parts: Sequence[str] = args.parts or PARTS[:-1]
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose of {', '.join(PARTS)}")
    if "bertviz" in parts and not args.bertviz:
        parser.error("bertviz needs --bertviz, the Python of an environment that has it; see --help")
    if hasattr(os, "getloadavg"):
        print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for part in parts:
            run_part(part, args, Path(name))


def run_part(part: str, args: argparse.Namespace, folder: Path) -> None:
    """One part."""
    rounds = args.rounds
    if part in ("atlas", "head", "film", "typing"):
        from PySide6.QtWidgets import QApplication

        app = QApplication.instance() or QApplication(sys.argv[:1])
        if part == "film":
            film(folder, rounds or 60)
        elif part == "typing":
            from live_typing import typing

            typing(folder, text_of)
        else:
            atlas(rounds or 40) if part == "atlas" else head(rounds or 2)
        app.processEvents()
    elif part == "capture":
        capture(rounds or 15)
    elif part == "memory":
        memory(rounds or 3, (args.tokens or [2048])[0])
    else:
        from beside_bertviz import compare

        compare(
            args.tokens or [128, 512], text_of, minilm(), args.bertviz, args.chromium, args.libraries, folder,
            in_fresh_process, args.keep, args.most_seconds, args.most_memory,
        )  # fmt: skip


if __name__ == "__main__":
    main()
