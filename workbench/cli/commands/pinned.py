"""`workbench pinned`: what a run's model answered to the pinned prompts while it learned."""

from __future__ import annotations

import argparse

NAME = "pinned"
HELP = "what a run's model answered to the pinned prompts while it learned"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", metavar="RUN", help="the run: its name, a part of it, or its folder")
    parser.add_argument(
        "--all", action="store_true", help="every answer, not only the first, middle and last"
    )


def run(args: argparse.Namespace) -> int:
    """Print the answers; returns the exit code."""
    from workbench.run.folder import find_run
    from workbench.run.pinned import read_pinned
    from workbench.run.problem import bad_input
    from workbench.session.report_pinned import first_middle_last

    folder = find_run(args.home, args.name)
    found = read_pinned(folder.path)
    if found is None or not found.moments:
        raise bad_input(
            f"The run {folder.name} has no answers.",
            "Models that write answer pinned prompts while they train, unless the recipe says pinned.on = false.",
            "Train a language model with pinned.on = true, and name prompts with pinned.prompts.",
        )
    console = args.console
    plain = []
    for prompt in found.asked:
        answers = found.of(prompt)
        console.result(f"> {prompt}")
        for moment, answer in answers if args.all else first_middle_last(answers):
            console.result(f"step {moment.step}: {answer.text}")
        console.result("")
        plain.append(
            {
                "prompt": prompt,
                "answers": [
                    {
                        "step": moment.step,
                        "epoch": moment.epoch,
                        "text": answer.text,
                        "probabilities": [probability for _, probability in answer.pieces],
                        "stopped_by": answer.stopped_by,
                    }
                    for moment, answer in answers
                ],
            }
        )
    console.result(found.cost_words())
    console.answer({"run": str(folder.path), "prompts": plain, "cost": found.cost, "problem": None})
    return 0
