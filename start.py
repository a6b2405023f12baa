#!/usr/bin/env python3
"""The one command of Model Workbench: sets up what is missing, then opens the window or runs a command.

This file keeps to words that every Python understands, so that an old one can read it and say what it lacks.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  (this is the place that tells an old Python so)
    sys.stderr.write(
        "Model Workbench needs Python 3.11 or newer, and this is Python {}.{}: install a newer one "
        "(for example python3.12) and start again with it.\n".format(*sys.version_info[:2])
    )
    sys.exit(2)

if __name__ == "__main__":
    from launch.commands import main

    sys.exit(main(sys.argv[1:]))
