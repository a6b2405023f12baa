"""`workbench feedback`: what was said of answers, where it is kept, and a rating from a script."""

from __future__ import annotations

import argparse

from workbench.run.problem import bad_input

NAME = "feedback"
HELP = "show the answers you rated, as data sets to train on, or rate one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--prompt", metavar="TEXT", default="", help="rate an answer: what was asked")
    parser.add_argument("--answer", metavar="TEXT", default="", help="the model's answer to it")
    parser.add_argument("--better", metavar="TEXT", default="", help="the answer as it should be")
    thumb = parser.add_mutually_exclusive_group()
    thumb.add_argument("--good", action="store_true", help="the answer is good")
    thumb.add_argument("--bad", action="store_true", help="the answer is bad")
    parser.add_argument("--model", metavar="NAME", default="", help="which model wrote it")


def run(args: argparse.Namespace) -> int:
    """Show or rate; returns the exit code."""
    from workbench.session.feedback import Rating, keep, kept_feedback

    if args.prompt or args.answer:
        if not (args.prompt and args.answer) or not (args.good or args.bad or args.better):
            raise bad_input(
                "A rating needs the prompt, the answer, and what you think of it.",
                "",
                "Give --prompt, --answer, and one of --good, --bad or --better TEXT.",
            )
        liked = True if args.good else False if args.bad else None
        turns = (("user", args.prompt),)
        key = f"{args.model}\n{args.prompt}\n{args.answer}"
        found = keep(args.home, Rating(key, args.model, turns, args.answer, liked, args.better))
    elif args.better or args.good or args.bad:
        raise bad_input("It is not said which answer is rated.", "", "Give --prompt and --answer.")
    else:
        found = kept_feedback(args.home)
    args.console.result(
        f"Rated answers: {found.ratings}\n"
        f"Conversations with a good answer: {found.chats}, in {found.chat_file}\n"
        f"Pairs of a better and a worse answer: {found.pairs}, in {found.pair_file}"
    )
    args.console.answer(
        {
            "ratings": found.ratings,
            "conversations": found.chats,
            "pairs": found.pairs,
            "conversations_file": str(found.chat_file),
            "pairs_file": str(found.pair_file),
            "problem": None,
        }
    )
    return 0
