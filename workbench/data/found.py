"""Finds the classes of a package, one file each, so that adding one is adding a file."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def classes_of(package: ModuleType, base: type[T]) -> tuple[type[T], ...]:
    """Every concrete class of that base that is defined in the package's modules, by module and name."""
    found: list[type[T]] = []
    for module in pkgutil.iter_modules(package.__path__):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        found += [
            item
            for _, item in inspect.getmembers(loaded, inspect.isclass)
            if issubclass(item, base) and item.__module__ == loaded.__name__ and not inspect.isabstract(item)
        ]
    return tuple(found)
