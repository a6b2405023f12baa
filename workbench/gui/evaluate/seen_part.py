"""Which part of a map of points is seen: it is fitted to the points, enlarged at a place, and says where they lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.gui.theme import SMALL

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: One direction may be drawn so much longer than the other, to use the room there is.
_STRETCH = 1.6
#: Beyond this multiple of where nearly all points lie, a stray one does not count: it would press the others together.
_STRAY = 1.6
_NEAREST = 40.0


class SeenPart:
    """The part of the plane that is seen."""

    def __init__(self) -> None:
        self._centre, self._reach = np.zeros(2), np.ones(2)
        self._zoom, self._moved = 1.0, np.zeros(2)

    def fit(self, points: Floats) -> None:
        """Show all of these points, shape (points, 2), but for strays."""
        if not len(points):
            return
        low, high = np.quantile(points, (0.01, 0.99), axis=0)
        self._centre = (low + high) / 2
        reach = np.abs(points - self._centre).max(axis=0)
        most = np.where(high > low, _STRAY * (high - low) / 2, np.inf)
        self._reach = np.where(reach > 0, np.minimum(reach, most), 1.0)
        self.show_all()

    def show_all(self) -> None:
        """Enlarge nothing."""
        self._zoom, self._moved = 1.0, np.zeros(2)

    def _scales(self, width: int, height: int) -> Floats:
        """Pixels for each unit, across and up."""
        x, y = np.maximum(1.0, np.array([width, height]) / 2 - 2.0 * SMALL) / self._reach
        found: Floats = self._zoom * np.array([min(x, _STRETCH * y), min(y, _STRETCH * x)])
        return found

    def places(self, points: Floats, width: int, height: int) -> Floats:
        """Where points lie in a picture of this size, in pixels from its upper left corner, shape (points, 2)."""
        apart = (points - self._centre - self._moved) * self._scales(width, height)
        found: Floats = np.array([width, height]) / 2 + apart * (1, -1)
        return found

    def enlarge(self, factor: float, place: tuple[float, float], width: int, height: int) -> None:
        """Come nearer by a factor, or go away; what lies at the place, in pixels, stays there."""
        before = self._scales(width, height)
        self._zoom = min(_NEAREST, max(1.0, self._zoom * factor))
        if self._zoom == 1.0:
            self.show_all()
            return
        apart = (np.array(place) - np.array([width, height]) / 2) * (1, -1)
        self._moved = self._moved + apart * (1 / before - 1 / self._scales(width, height))


def inside(places: Floats, polygon: Floats) -> Mask:
    """Which places lie in a closed polygon: a ray to the right crosses its edges an odd number of times.

    Args:
        places: Shape (points, 2).
        polygon: Its corners, shape (corners, 2).
    """
    odd = np.zeros(len(places), dtype=np.bool_)
    x, y = places[:, 0], places[:, 1]
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y1 != y2:
            odd ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return odd
