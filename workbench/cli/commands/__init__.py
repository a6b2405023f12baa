"""One file per command, found by itself: NAME, HELP, add_arguments(parser) and run(args) -> exit code.

`args.home` is the `Home`, `args.console` the `Console`. A module here imports nothing heavy at its top: all of
them are read before the command line is understood.
"""
