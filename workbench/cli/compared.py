"""`workbench attend --compare`: what each head does differently in two models, as a table, arrays and a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli.tables import table
from workbench.run.folder import find_run
from workbench.run.home import Home
from workbench.run.inside.comparison import Comparison
from workbench.run.problem import bad_input
from workbench.run.results import AttentionMaps

#: Heads that are listed.
_LISTED = 10


def add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that choose a checkpoint, a second model, and single heads."""
    parser.add_argument(
        "--at", metavar="STEP", help="read the run's checkpoint of this step instead of its model"
    )
    parser.add_argument(
        "--compare",
        metavar="RUN|MODEL",
        help="compare with this model: heads by how much they changed; -o and --png hold the differences",
    )
    parser.add_argument(
        "--heads",
        metavar="1.3,2.5",
        help="only these heads, layer.head counted from 1: their strongest links, and in --png one of them large",
    )


def at_step(home: Home, run: str, step: str) -> str:
    """The folder of a run's checkpoint.

    Raises:
        WorkbenchError: When there is no such run, or it keeps no checkpoint of that step; names those that it keeps.
    """
    folders = {folder.name.removeprefix("step-").lstrip("0") or "0": folder for folder in
               find_run(home, run).checkpoint_folders()}  # fmt: skip
    found = folders.get(step.strip().lstrip("0") or "0")
    if found is None:
        kept = ", ".join(folders) or "none"
        raise bad_input(f"The run {run} keeps no checkpoint of step {step}.", f"It keeps: {kept}.")
    return str(found)


def compare_models(args: argparse.Namespace, model: str) -> int:
    """Compare; returns the exit code."""
    import numpy as np

    from workbench.cli.asked import asked_length, get_model_ready
    from workbench.run.files import writing
    from workbench.session.inside.compare import ComparisonRequest, compare_heads
    from workbench.session.lanes import lone_desk

    get_model_ready(args, args.model)
    get_model_ready(args, args.compare)
    request = ComparisonRequest(model, args.compare, args.text, asked_length(args.max_tokens))
    found = compare_heads(args.home, request, lone_desk(args.console.hear))
    if args.output:
        with writing(Path(args.output), "wb") as file:
            np.savez_compressed(
                file,
                first=found.first.weights,
                second=found.second.weights,
                difference=found.difference.weights,
                divergence=found.divergence,
                tokens=np.array(found.second.tokens, dtype=np.str_),
            )
    if args.png:
        from workbench.session.pictures import atlas_png

        with writing(Path(args.png), "wb") as file:
            file.write(atlas_png(found.difference))
    args.console.answer(_as_plain(found) | {"output": args.output, "png": args.png, "problem": None})
    _print(args, found)
    return 0


def _as_plain(found: Comparison) -> dict[str, object]:
    return {
        "model": found.second.model,
        "other": found.first.model,
        "tokens": list(found.second.tokens),
        "note": found.note,
        "prediction": dict(found.second.prediction),
        "other_prediction": dict(found.first.prediction),
        "heads": [
            {
                "layer": layer + 1,
                "head": head + 1,
                "divergence": round(float(found.divergence[layer, head]), 6),
            }
            for layer, head in found.ranked()
        ],
    }


def _print(args: argparse.Namespace, found: Comparison) -> None:
    console = args.console
    console.result(f"{found.second.model}, compared with {found.first.model}")
    rows = [
        (f"{layer + 1}.{head + 1}", f"{found.divergence[layer, head]:.3f}") for layer, head in found.ranked()
    ]
    console.result(table(("head", "changed by, bit"), rows[:_LISTED]))
    for maps in (found.first, found.second):
        if maps.prediction:
            name, probability = maps.prediction[0]
            console.result(f"{maps.model} predicts {name} ({probability:.1%})")
    if found.note:
        console.result(found.note)
    for path in filter(None, (args.output, args.png)):
        console.result(f"Written: {path}")


def head_lines(maps: AttentionMaps, asked: str) -> list[tuple[str, str, str]]:
    """What single heads do: (head, kind with its score, strongest link).

    Raises:
        WorkbenchError: When a part of `asked` names no head, or none of this model.
    """
    import numpy as np

    from workbench.run.inside.census import census
    from workbench.session.inside.ablate import parse_heads

    found = census(maps)
    layers, heads = maps.weights.shape[:2]
    lines = []
    for layer, head in parse_heads(asked):
        if layer >= layers or head >= heads:
            raise bad_input(
                f"There is no head {layer + 1}.{head + 1}.",
                f"The model has {layers} layers of {heads} heads.",
            )
        tile = maps.weights[layer, head]
        row, column = np.unravel_index(int(tile.argmax()), tile.shape)
        keys = maps.keys or maps.tokens
        facts = found.facts(layer, head)
        lines.append((
            f"{layer + 1}.{head + 1}",
            f"{facts.kind.title.lower()} {facts.score:.2f}",
            f"‘{maps.tokens[row].strip()}’ → ‘{keys[column].strip()}’ {tile[row, column]:.2f}",
        ))  # fmt: skip
    return lines
