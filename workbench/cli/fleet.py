"""How many processes on how many machines a person asked for on the command line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from workbench.cli.asked import asked_length

if TYPE_CHECKING:
    from workbench.session.launching import Fleet


def add_fleet_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of torchrun that matter, by their own names."""
    parser.add_argument(
        "--nproc-per-node", metavar="N", default="1", help="processes on each machine: one per GPU"
    )
    parser.add_argument("--nnodes", metavar="M", default="1", help="machines; each runs this command")
    parser.add_argument(
        "--rdzv-endpoint",
        metavar="HOST:PORT",
        default="",
        help="one of the machines and a free port on it, where all meet",
    )
    parser.add_argument("--rdzv-id", metavar="ID", default="", help="the name under which they meet")
    parser.add_argument(
        "--strategy",
        choices=("ddp", "fsdp2"),
        default="ddp",
        help="ddp: the whole model in each process; fsdp2: a part of it in each, for models too large for one GPU",
    )


def asked_fleet(args: argparse.Namespace) -> Fleet:
    """What the arguments say.

    Raises:
        WorkbenchError: When a number is none.
    """
    from workbench.session.launching import Fleet

    return Fleet(
        asked_length(args.nproc_per_node),
        asked_length(args.nnodes),
        args.rdzv_endpoint,
        args.rdzv_id,
        args.strategy,
    )
