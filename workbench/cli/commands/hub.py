"""`workbench hub`: what a data set of the Hub would bring, and the download where it is asked for."""

from __future__ import annotations

import argparse
import dataclasses

NAME = "hub"
ONLINE = True  # whoever names a data set of the Hub asks for it
HELP = "show how large a data set of the Hugging Face Hub is; with --yes, download it"
_SHOWN = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", metavar="OWNER/NAME[:CONFIGURATION]", help="the data set")
    parser.add_argument("--yes", action="store_true", help="download it; without this its size is shown only")


def run(args: argparse.Namespace) -> int:
    """Show, or download; returns the exit code."""
    from workbench.shelf.data_hub import download, size_of

    found = size_of(args.name)
    told = dataclasses.asdict(found) | {"size": found.size, "path": None, "problem": None}
    size = f"{found.size / 1e9:.2f} GB" if found.size >= 1e9 else f"{found.size / 1e6:.1f} MB"
    files = ", ".join(file.name for file in found.files[:_SHOWN])
    more = f" and {len(found.files) - _SHOWN} more" if len(found.files) > _SHOWN else ""
    args.console.result(f"{found.name}: {size} in {len(found.files)} files ({files}{more})")
    if args.yes:
        path = download(
            found, args.home, lambda share: args.console.progress.show(f"downloading {share:.0%}")
        )
        told["path"] = str(path)
        args.console.result(f"It lies in {path}\nworkbench data {path}")
    else:
        args.console.result("Nothing was downloaded. Add --yes to download it.")
    args.console.answer(told)
    return 0
