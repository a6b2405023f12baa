"""The kinds of files that open as tables: one file each, found by itself (`workbench.data.format.all_formats`)."""
