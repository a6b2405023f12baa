"""What happens before the workbench can run: its private environment, its shortcut, its commands.

Standard library only, because nothing else is installed yet; of the workbench it knows only the version.
"""
