"""BertViz's model view in headless Chromium beside the atlas: time and memory from the model to the first picture.

A part of benchmarks/attention.py, which says how it is run. Of both it measures the same way: a process with the
libraries imported and MiniLM loaded reads one sentence, and makes a picture of all heads. BertViz's way goes on in a
browser: the page is opened in a new one, and what an empty page costs is taken off. A browser that takes too much
time or memory is ended, and that is said.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

Answer = dict[str, Any]

#: What runs in BertViz's own environment: folder of the model, text, length, the page to write.
_BERTVIZ = """
import json, sys, time
import torch, psutil
from pathlib import Path
from bertviz import model_view
from transformers import AutoModel, AutoTokenizer
folder, text, length, page = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
before, begun = psutil.Process().memory_info().rss / 1e6, time.perf_counter()
inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=int(length))
with torch.no_grad():
    maps = model(**inputs, output_attentions=True).attentions
tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
html = model_view(maps, tokens, display_mode="light", html_action="return").data
Path(page).write_text(html, encoding="utf-8")
seconds = time.perf_counter() - begun
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024 / 1e6
print(json.dumps({"seconds": seconds, "rise": peak - before, "tokens": len(tokens), "layers": len(maps),
                  "heads": maps[0].shape[1]}))
"""
#: Where BertViz's page asks for its libraries, and where npm puts them.
_LIBRARIES = {
    "https://cdnjs.cloudflare.com/ajax/libs/require.js/2.3.6/require.min.js": "requirejs/require.js",
    "https://cdnjs.cloudflare.com/ajax/libs/d3/5.7.0/d3.min": "d3/dist/d3.min",
    "https://cdnjs.cloudflare.com/ajax/libs/jquery/2.0.0/jquery.min": "jquery/dist/jquery.min",
}


def ours(folder: Path, text: str, length: int, picture: Path, room: tuple[int, int]) -> Answer:
    """The atlas of a sentence, in this process; the window's libraries are imported before the clock runs."""
    import torch
    from attention import made_look, painted, peak_now, peak_since
    from PySide6.QtWidgets import QApplication

    from workbench.engine.attention import Wanted, capture
    from workbench.engine.loading import load_for_use
    from workbench.gui.attention.atlas_view import AtlasView
    from workbench.gui.attention.shown import show

    app = QApplication([])
    loaded = load_for_use(folder, "minilm", torch.device("cpu"))
    before, begun = peak_since(), time.perf_counter()
    maps = capture(loaded, text, Wanted(max_tokens=length))
    view = AtlasView()
    view.resize(*room)
    view.show()
    view.show_maps(show(maps), made_look())
    image = painted(view)
    seconds = time.perf_counter() - begun
    rise = peak_now() - before
    image.save(str(picture))
    app.processEvents()
    return {"seconds": seconds, "rise": rise, "tokens": len(maps.tokens)}


def compare(
    lengths: list[int],
    text_of: Callable[[int], str],
    model: Path,
    bertviz: str,
    chromium: str,
    libraries: Path | None,
    folder: Path,
    in_fresh_process: Callable[..., Answer],
    keep: Path | None,
    most_seconds: float,
    most_memory: float,
) -> None:
    """Print both, for sentences of some lengths; pictures of both stay in `keep`."""
    empty = folder / "empty.html"
    empty.write_text("<!doctype html>", encoding="utf-8")
    browse(chromium, empty, folder / "empty.png", most_seconds, most_memory)  # the system's cache
    for length in lengths:
        text, page = text_of(length), folder / f"bertviz-{length}.html"
        mine = in_fresh_process("one-atlas", length, folder / f"atlas-{length}.png")
        theirs = in_fresh_process(model, text, length, page, python=bertviz, code=_BERTVIZ)
        assert mine["tokens"] == theirs["tokens"] == length
        size = page.stat().st_size / 1e6
        if libraries:
            put_libraries(page, libraries)
        nothing = browse(chromium, empty, folder / "empty.png", most_seconds, most_memory)
        shown = browse(chromium, page, folder / f"bertviz-{length}.png", most_seconds, most_memory)
        seconds = theirs["seconds"] + shown["seconds"] - nothing["seconds"]
        rise = theirs["rise"] + shown["peak"] - nothing["peak"]
        pictures = [folder / f"{name}.png" for name in (f"bertviz-{length}", "empty")]
        if shown["done"] and pictures[0].read_bytes() == pictures[1].read_bytes():
            shown |= {"done": False, "why": "the page stays empty"}
        least = "" if shown["done"] else "more than "
        print(f"{length} tokens, {theirs['layers']} × {theirs['heads']} heads")
        print(f"  the atlas:       {mine['seconds']:8.2f} s, {mine['rise']:7.0f} MB")
        print(
            f"  BertViz:   {least}{seconds:8.2f} s, {rise:7.0f} MB; of it in Python {theirs['seconds']:.2f} s and "
            f"{theirs['rise']:.0f} MB; the page has {size:.0f} MB; an empty one took {nothing['seconds']:.2f} s and "
            f"{nothing['peak']:.0f} MB"
        )
        if not shown["done"]:
            print(f"  no picture: {shown['why']}")
        print(f"  BertViz / atlas: {least}{seconds / mine['seconds']:.1f} of the time, "
              f"{rise / max(1.0, mine['rise']):.1f} of the memory", flush=True)  # fmt: skip
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            for picture in folder.glob(f"*-{length}.png"):
                shutil.copy(picture, keep)


def put_libraries(page: Path, libraries: Path) -> None:
    """Let a page of BertViz's take its libraries from a folder, which costs it no time for the network."""
    html = page.read_text(encoding="utf-8")
    for address, place in _LIBRARIES.items():
        html = html.replace(address, (libraries.resolve() / place).as_uri())
    page.write_text(html, encoding="utf-8")


def browse(chromium: str, page: Path, picture: Path, most_seconds: float, most_memory: float) -> Answer:
    """Open a page in a new browser and take its picture; seconds, and the peak in MB of what its processes own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            chromium, "--headless", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files",
            "--no-first-run", "--disable-extensions", "--window-size=1000,900", f"--user-data-dir={profile}",
            "--virtual-time-budget=2000",  # of pauses, not of work: BertViz draws after the page counts as loaded
            f"--screenshot={picture}", page.resolve().as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium's own refuses to run as root
        begun, peak, why = time.perf_counter(), 0.0, ""
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            peak = max(peak, owned(process.pid))
            if time.perf_counter() - begun > most_seconds:
                why = f"ended after {most_seconds:.0f} s"
            elif peak > most_memory:
                why = f"ended at {peak:.0f} MB"
            if why:
                end_all(process.pid)
                process.wait()
                break
            time.sleep(0.02)
        seconds = time.perf_counter() - begun
    if not why and not picture.exists():
        why = "the browser gave up"
    return {"seconds": seconds, "peak": peak, "done": not why, "why": why}


def owned(pid: int) -> float:
    """Memory that a process and its children have for themselves, in MB."""
    total = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                memory = process.memory_info()
                total += memory.rss - getattr(memory, "shared", 0)
    return total / 1e6


def end_all(pid: int) -> None:
    """End a process and its children."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in (*psutil.Process(pid).children(recursive=True), psutil.Process(pid)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
