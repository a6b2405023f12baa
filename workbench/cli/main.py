"""The command `workbench`: finds the commands, reads the arguments, and turns every problem into words."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from workbench import __version__
from workbench.cli import commands
from workbench.cli.console import Console, kept_stdout
from workbench.cli.outcome import refusal
from workbench.run.home import find_home
from workbench.run.network import keep_libraries_offline
from workbench.run.problem import Problem, WorkbenchError, bad_input, explain

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
WINDOW = "window"  # what runs when no command is given

_QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TQDM_DISABLE": "1",  # the bars of libraries; progress is ours to show
}


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are problems like all others."""

    def error(self, message: str) -> NoReturn:
        raise bad_input(
            "The command line was not understood.", f"{message}.", f"Read: {self.prog} --help"
        ) from None


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments; None for those of this process, whose library warnings are then silenced.

    Returns:
        0 when it is done, 1 when the run failed, 2 for bad usage or input, 130 when it was aborted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if argv is None and "--debug" not in arguments:
        warnings.simplefilter("ignore")
    try:
        with kept_stdout() as out:
            console = Console(
                out,
                sys.stderr,
                json="--json" in arguments,
                debug="--debug" in arguments,
                speaks=os.environ.get("RANK", "0") == "0",
            )
            return _guarded(arguments, console)
    except BrokenPipeError:  # the reader of standard output has gone
        return DONE


def _guarded(arguments: list[str], console: Console) -> int:
    try:
        return _run(arguments, console)
    except SystemExit as leaving:  # --help and --version
        return int(leaving.code or 0)
    except KeyboardInterrupt:
        console.say("Stopped.")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except WorkbenchError as error:
        return _refuse(console, error.problems, BAD_INPUT if error.usage else FAILED)
    except Exception as error:
        return _refuse(console, (explain(error),), FAILED)


def _refuse(console: Console, problems: Sequence[Problem], code: int) -> int:
    console.problems(problems)
    console.answer(refusal(problems))
    return code


def _run(arguments: list[str], console: Console) -> int:
    found = {module.NAME: module for module in _commands()}
    parser = _parser(found)
    # argparse prints --help and --version itself; they are answers.
    kept, sys.stdout = sys.stdout, console.out
    try:
        args = parser.parse_args(arguments)
    finally:
        sys.stdout = kept
    module = found[args.command or WINDOW]
    if not (getattr(args, "download", False) or getattr(module, "ONLINE", False)):
        # Nothing may reach the network unless the person asked for it.
        keep_libraries_offline()
    args.home, args.console = find_home(args.home), console
    code: int = module.run(args)
    return code


def _commands() -> list[ModuleType]:
    names = sorted(entry.name for entry in pkgutil.iter_modules(commands.__path__))
    return [importlib.import_module(f"{commands.__name__}.{name}") for name in names]


def _parser(found: dict[str, ModuleType]) -> argparse.ArgumentParser:
    # Given before or after the command: the second parser must not reset what the first one read.
    everywhere = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    _add_common(everywhere)
    parser = _Parser(
        prog="workbench",
        description="Fine-tune a transformer on this machine, look inside it, and try it. "
        "Without a command, the window opens.",
        epilog="workbench COMMAND --help says more about a command. Exit codes: 0 done, 1 the run failed, "
        "2 bad usage or input.",
        allow_abbrev=False,
    )
    _add_common(parser)
    parser.set_defaults(home=None, json=False, debug=False)
    parser.add_argument("--version", action="version", version=f"Model Workbench {__version__}")
    found[WINDOW].add_arguments(parser)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, module in found.items():
        sub = subparsers.add_parser(
            name,
            help=module.HELP,
            description=module.HELP,
            parents=[everywhere],
            allow_abbrev=False,
            argument_default=argparse.SUPPRESS if name == WINDOW else None,
        )
        module.add_arguments(sub)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--home", metavar="DIR", help="where runs and models live (else WORKBENCH_HOME, else the data folder)"
    )
    parser.add_argument("--json", action="store_true", help="print exactly one JSON value on standard output")
    parser.add_argument("--debug", action="store_true", help="print the technical details of problems")


if __name__ == "__main__":
    sys.exit(main())
