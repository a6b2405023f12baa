"""`workbench film`: the training film of a run as an animated GIF or as PNG frames."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "film"
HELP = "write how attention changed while a run trained, as an animated GIF or as PNG frames"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", metavar="RUN", help="the run: its name, a part of it, or its folder")
    parser.add_argument("-o", "--output", metavar="FILE.gif", help="write an animated GIF here")
    parser.add_argument("--frames", metavar="FOLDER", help="write each frame as a PNG file into this folder")
    parser.add_argument(
        "--sentence", default="1", metavar="N", help="which pinned sentence, counted from 1 (1)"
    )
    parser.add_argument("--rate", default="10", metavar="N", help="frames per second of the GIF (10)")


def run(args: argparse.Namespace) -> int:
    """Write the film; returns the exit code."""
    from workbench.run.folder import find_run
    from workbench.session.inside.film import film_of, write_frames, write_gif
    from workbench.session.inside.film_pictures import cost_words

    sentence = _number(args.sentence, "--sentence", 1, 8)
    rate = _number(args.rate, "--rate", 1, 50)
    console = args.console
    folder = find_run(args.home, args.name)
    reel = film_of(folder, sentence - 1)
    title = folder.recipe().name or folder.name
    if args.output:
        write_gif(reel, Path(args.output), title, rate, console.hear)
    if args.frames:
        write_frames(reel, Path(args.frames), title, console.hear)
    console.answer(
        {
            "run": str(folder.path),
            "sentences": [probe.text for probe in reel.probes],
            "sentence": sentence,
            "label": reel.pinned.label,
            "cost": reel.cost,
            "frames": [
                {
                    "step": frame.step,
                    "epoch": frame.epoch,
                    "prediction": dict(frame.said[reel.probe].prediction),
                    "loss": frame.said[reel.probe].loss,
                    "measured": frame.measured,
                }
                for frame in reel.frames
            ],
            "output": args.output,
            "folder": args.frames,
            "problem": None,
        }
    )
    last = reel.frames[-1].step
    console.result(
        f"{len(reel.frames)} frames from step {reel.frames[0].step} to step {last}. {cost_words(reel)}"
    )
    for number, probe in enumerate(reel.probes, 1):
        console.result(f"{'>' if number == sentence else ' '} {number}. {probe.text}")
    for path in filter(None, (args.output, args.frames)):
        console.result(f"Written: {path}")
    if not (args.output or args.frames):
        console.result("Write it with -o FILE.gif, or as pictures with --frames FOLDER")
    return 0


def _number(text: str, option: str, low: int, high: int) -> int:
    from workbench.run.problem import bad_input

    if text.isdecimal() and low <= int(text) <= high:
        return int(text)
    raise bad_input(f"{option} {text} is not allowed.", f"It should be a number from {low} to {high}.")
