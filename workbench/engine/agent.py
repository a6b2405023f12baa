"""The process that `workbench launch` starts on each machine: torchrun, which ends when its launcher is gone.

It is `python -m torch.distributed.run` with the same arguments. That a process of the run failed is told by the
run itself, so torchrun's own page about it is left out; its log lines stay.
"""

from __future__ import annotations

import sys

from workbench.run.launcher import end_with_launcher

LAST_WORDS = 20  # seconds


def main() -> int:
    """Run torchrun with this process's arguments; returns 0 when all processes did, else 1."""
    end_with_launcher()
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    arguments = sys.argv[1:]
    # How long ranks may wait for one that is lost before they are killed; older releases wait 30 s.
    if "--shutdown-timeout" in run.get_args_parser().format_help():
        arguments.insert(0, f"--shutdown-timeout={LAST_WORDS}")
    try:
        run.main(arguments)
    except (ChildFailedError, SignalException) as error:
        print(f"{type(error).__name__}: {error}".partition("\n")[0], file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
