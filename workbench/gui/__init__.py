"""The window: the only place that knows Qt."""

from workbench.gui.overrides import guard_overrides

guard_overrides()  # before the first class that derives from Qt's
