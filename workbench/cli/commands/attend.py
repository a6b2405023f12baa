"""`workbench attend`: the attention of a text in a model, as arrays and as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import add_download_argument
from workbench.cli.census_table import add_census_argument, census_text
from workbench.cli.compared import add_compare_arguments, at_step, compare_models, head_lines
from workbench.cli.explained import add_method_arguments, explain_text
from workbench.cli.lens_table import add_lens_argument, lens_text
from workbench.cli.tables import table

if TYPE_CHECKING:
    from workbench.run.results import AttentionMaps, PooledMaps

NAME = "attend"
HELP = "compute the attention of a text in a model, as arrays (.npz) and as a picture (.png)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN|MODEL", help="a run, a folder, a short name or a Hub id")
    parser.add_argument("text", nargs="?", default="", metavar="TEXT", help="the text to read")
    parser.add_argument("--image", metavar="FILE", help="read this picture, with a vision transformer")
    parser.add_argument(
        "--kind",
        choices=("encoder", "decoder", "cross"),
        help="which attention of an encoder-decoder: its encoder's, its decoder's, or the decoder's look at the text",
    )
    parser.add_argument(
        "--target", metavar="TEXT", help="what the decoder reads; without it, the model writes that itself"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE.npz",
        help="write the arrays attention and tokens here; of a very long text, the maxima of blocks as tiles",
    )
    parser.add_argument("--png", metavar="FILE", help="write a picture of all layers and heads here")
    parser.add_argument("--max-tokens", default="128", metavar="N", help="cut the text after N tokens (128)")
    add_compare_arguments(parser)
    add_census_argument(parser)
    add_lens_argument(parser)
    add_method_arguments(parser)
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Attend; returns the exit code."""
    if not (args.text or args.image):
        from workbench.run.problem import bad_input

        raise bad_input("There is nothing to look at.", "", "Give a TEXT, or a picture with --image FILE.")
    if args.at:
        args.model = at_step(args.home, args.model, args.at)
    if args.compare:
        return compare_models(args, args.model)
    if args.method:
        return explain_text(args)
    if args.census:
        return census_text(args)
    if args.lens:
        return lens_text(args)
    maps = _read(args)
    chosen = _chosen(args, maps)
    _write(args, maps)
    args.console.answer(_answer(args, maps, chosen))
    _tell(args, maps, chosen)
    return 0


def _read(args: argparse.Namespace) -> AttentionMaps | PooledMaps:
    """The attention that is asked for."""
    from workbench.cli.asked import asked_length, get_model_ready
    from workbench.session import inspection
    from workbench.session.lanes import lone_desk
    from workbench.session.requests import AttentionRequest

    request = AttentionRequest(
        args.model,
        args.text,
        asked_length(args.max_tokens),
        kind=args.kind or "",
        target=args.target or "",
        image=args.image or "",
    )
    get_model_ready(args, args.model)
    return inspection.attend(args.home, request, lone_desk(args.console.hear))


def _write(args: argparse.Namespace, maps: AttentionMaps | PooledMaps) -> None:
    """The files that are asked for."""
    from workbench.run.files import writing

    if args.output:
        _save(maps, Path(args.output))
    if args.png:
        with writing(Path(args.png), "wb") as file:
            file.write(_picture(args, maps))


def _shape(maps: AttentionMaps | PooledMaps) -> tuple[int, int, bool]:
    """How many layers and heads there are, and whether only maxima of blocks are kept."""
    from workbench.run.results import PooledMaps

    pooled = isinstance(maps, PooledMaps)
    layers, heads = (maps.tiles if isinstance(maps, PooledMaps) else maps.weights).shape[:2]
    return layers, heads, pooled


def _answer(
    args: argparse.Namespace, maps: AttentionMaps | PooledMaps, chosen: list[tuple[str, str, str]]
) -> dict[str, object]:
    """What `--json` prints."""
    layers, heads, pooled = _shape(maps)
    return {
        "model": maps.model,
        "tokens": list(maps.tokens),
        "layers": layers,
        "heads": heads,
        "kind": maps.kind,
        "keys": list(maps.keys),
        "causal": maps.causal,
        "pooled": pooled,
        "prediction": dict(maps.prediction),
        "links": [{"head": head, "kind": kind, "strongest": link} for head, kind, link in chosen],
        "note": maps.note,
        "output": args.output,
        "png": args.png,
        "problem": None,
    }


def _tell(
    args: argparse.Namespace, maps: AttentionMaps | PooledMaps, chosen: list[tuple[str, str, str]]
) -> None:
    """The same for people."""
    console = args.console
    layers, heads, pooled = _shape(maps)
    kind = "" if maps.kind == "self" else f", {maps.kind} attention"
    console.result(f"{maps.model}: {layers} layers, {heads} heads, {len(maps.tokens)} tokens{kind}")
    if maps.picture is None:
        console.result(" ".join(maps.tokens))
    if maps.keys:
        console.result(f"They look at: {' '.join(maps.keys)}")
    for name, probability in maps.prediction[:3]:
        console.result(f"  {probability:6.1%}  {name}")
    if chosen:
        console.result(table(("head", "kind", "strongest link"), chosen))
    if maps.note:
        console.result(maps.note)
    if pooled:
        console.result("So long a text is kept as the strongest weight of each block of tokens.")
    for path in filter(None, (args.output, args.png)):
        console.result(f"Written: {path}")
    if not (args.output or args.png):
        console.result("Keep the maps with -o FILE.npz, or look at them with --png FILE.png")


def _chosen(args: argparse.Namespace, maps: AttentionMaps | PooledMaps) -> list[tuple[str, str, str]]:
    """Lines about the heads that were asked for."""
    from workbench.run.problem import bad_input
    from workbench.run.results import PooledMaps

    if not args.heads:
        return []
    if isinstance(maps, PooledMaps):
        raise bad_input(
            "So long a text is not kept whole.", "", "Give a shorter text, or cut it with --max-tokens."
        )
    return head_lines(maps, args.heads)


def _picture(args: argparse.Namespace, maps: AttentionMaps | PooledMaps) -> bytes:
    """All heads; or the one head that was asked for, large."""
    from workbench.run.results import PooledMaps
    from workbench.session.inside.ablate import parse_heads
    from workbench.session.pictures import atlas_png, head_png

    heads = parse_heads(args.heads or "")
    if len(heads) == 1 and not isinstance(maps, PooledMaps) and not maps.keys:
        return head_png(maps, *heads[0])
    return atlas_png(maps)


def _save(maps: AttentionMaps | PooledMaps, path: Path) -> None:
    """Write the arrays."""
    import numpy as np

    from workbench.run.files import writing
    from workbench.run.results import PooledMaps

    arrays: dict[str, Any] = {"tokens": np.array(maps.tokens, dtype=np.str_)}
    if maps.keys:
        arrays["keys"] = np.array(maps.keys, dtype=np.str_)
    if isinstance(maps, PooledMaps):
        arrays |= {"tiles": maps.tiles, "rows": maps.rows, "columns": maps.columns}
    else:
        arrays["attention"] = maps.weights
    with writing(path, "wb") as file:  # an open file: given a name, NumPy would add .npz to it
        np.savez_compressed(file, **arrays)
