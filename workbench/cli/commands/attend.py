"""`workbench attend`: the attention of a text in a model, as arrays and as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli.asked import add_download_argument
from workbench.cli.explained import add_method_arguments, explain_text

NAME = "attend"
HELP = "compute the attention of a text in a model, as arrays (.npz) and as a picture (.png)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN|MODEL", help="a run, a folder, a short name or a Hub id")
    parser.add_argument("text", metavar="TEXT", help="the text to read")
    parser.add_argument(
        "-o", "--output", metavar="FILE.npz", help="write the arrays attention and tokens here"
    )
    parser.add_argument("--png", metavar="FILE", help="write a picture of all layers and heads here")
    parser.add_argument("--max-tokens", default="128", metavar="N", help="cut the text after N tokens (128)")
    add_method_arguments(parser)
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Attend; returns the exit code."""
    if args.method:
        return explain_text(args)
    import numpy as np

    from workbench.cli.asked import asked_length, get_model_ready
    from workbench.run.files import writing
    from workbench.session import inspection
    from workbench.session.lanes import lone_desk
    from workbench.session.requests import AttentionRequest

    request = AttentionRequest(args.model, args.text, asked_length(args.max_tokens))
    get_model_ready(args, args.model)
    maps = inspection.attend(args.home, request, lone_desk(args.console.hear))
    layers, heads, size, _ = maps.weights.shape
    if args.output:
        # An open file: given a name, NumPy would add .npz to it.
        with writing(Path(args.output), "wb") as file:
            np.savez_compressed(file, attention=maps.weights, tokens=np.array(maps.tokens, dtype=np.str_))
    if args.png:
        from workbench.session.pictures import atlas_png

        with writing(Path(args.png), "wb") as file:
            file.write(atlas_png(maps))
    console = args.console
    console.answer(
        {
            "model": maps.model,
            "tokens": list(maps.tokens),
            "layers": layers,
            "heads": heads,
            "causal": maps.causal,
            "prediction": dict(maps.prediction),
            "note": maps.note,
            "output": args.output,
            "png": args.png,
            "problem": None,
        }
    )
    console.result(f"{maps.model}: {layers} layers, {heads} heads, {size} tokens")
    console.result(" ".join(maps.tokens))
    for name, probability in maps.prediction[:3]:
        console.result(f"  {probability:6.1%}  {name}")
    if maps.note:
        console.result(maps.note)
    for path in filter(None, (args.output, args.png)):
        console.result(f"Written: {path}")
    if not (args.output or args.png):
        console.result("Keep the maps with -o FILE.npz, or look at them with --png FILE.png")
    return 0
