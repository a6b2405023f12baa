"""The tasks, one file each, found by themselves: `task_named` gives the one that a recipe asks for."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from types import MappingProxyType

from workbench.engine.task import Task
from workbench.run.problem import bad_input


@functools.cache
def all_tasks() -> MappingProxyType[str, Task]:
    """Every task of this package by its kind."""
    found: dict[str, Task] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Task) and "kind" in vars(value):
                found[value.kind] = value()
    return MappingProxyType(dict(sorted(found.items())))


def task_named(kind: str) -> Task:
    """The task of that kind.

    Raises:
        WorkbenchError: When there is none, listing those that there are.
    """
    tasks = all_tasks()
    if kind not in tasks:
        raise bad_input(
            f"task.kind (Task): there is no task {kind!r}.",
            f"The tasks are: {', '.join(tasks)}.",
            "Choose one of these.",
            field="task.kind",
        )
    return tasks[kind]
