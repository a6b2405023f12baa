"""Methods of Qt that are overridden here raise errors that PySide can report: on Python 3.11 it crashes without this.

When a method that C++ calls raises, PySide 6.11 reads the arguments of the error before Python has made an object of
it. An error that C code raises, such as that of `int("x")`, is no object yet before Python 3.12; one that has been
caught is.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from PySide6.QtCore import QObject

#: What a method that is written in C++ is in the class that brings it.
_QtMethod = type(vars(QObject)["event"])


def guard_overrides() -> None:
    """From now on, classes that derive from Qt's have their overriding methods guarded; nothing from Python 3.12 on."""
    if sys.version_info < (3, 12):
        QObject.__init_subclass__ = classmethod(_guard)  # type: ignore[assignment]


def _guard(cls: type[Any], /, **more: Any) -> None:
    super(QObject, cls).__init_subclass__(**more)
    qt = next(base for base in cls.__mro__ if base.__module__.startswith("PySide6."))
    for name, value in list(vars(cls).items()):
        overriding = isinstance(value, FunctionType) and not name.startswith("__") and name not in _slots(qt)
        if overriding and any(isinstance(vars(base).get(name), _QtMethod) for base in qt.__mro__):
            setattr(cls, name, _caught(value))


@functools.cache
def _slots(qt: type[Any]) -> frozenset[str]:
    """Slots keep their own signature, by which Qt knows how many of a signal's values they take."""
    meta = qt.staticMetaObject
    return frozenset(bytes(meta.method(i).name().data()).decode() for i in range(meta.methodCount()))


def _caught(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*args: Any, **more: Any) -> Any:
        try:
            return method(*args, **more)
        except BaseException:
            raise

    return call
