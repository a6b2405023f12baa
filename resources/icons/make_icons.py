"""Renders workbench.svg as the PNG, ICO and ICNS files that the systems want: python resources/icons/make_icons.py"""

from __future__ import annotations

import struct
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

HERE = Path(__file__).parent
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
# The container's names for PNG pictures of each size (Apple's icon image format).
ICNS_TYPES = {32: b"ic11", 64: b"ic12", 128: b"ic07", 256: b"ic08", 512: b"ic09", 1024: b"ic10"}


def png(size: int) -> bytes:
    """The icon as a PNG of `size` × `size` pixels with a transparent ground."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(HERE / "workbench.svg")).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def ico(sizes: tuple[int, ...]) -> bytes:
    """A Windows icon: a header, one 16-byte entry for each picture, then the pictures as PNG."""
    pictures = [png(size) for size in sizes]
    offset = 6 + 16 * len(sizes)
    header = struct.pack("<HHH", 0, 1, len(sizes))
    entries = b""
    for size, picture in zip(sizes, pictures, strict=True):
        side = size % 256  # one byte, in which 0 means 256
        entries += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(picture), offset)
        offset += len(picture)
    return header + entries + b"".join(pictures)


def icns() -> bytes:
    """A macOS icon: each picture behind its type and length, all behind the word icns and the whole length."""
    parts = [(kind, png(size)) for size, kind in ICNS_TYPES.items()]
    body = b"".join(kind + struct.pack(">I", len(picture) + 8) + picture for kind, picture in parts)
    return b"icns" + struct.pack(">I", len(body) + 8) + body


def main() -> None:
    """Writes every file beside the drawing."""
    for size in (256, 512):
        (HERE / f"workbench-{size}.png").write_bytes(png(size))
    (HERE / "workbench.ico").write_bytes(ico(ICO_SIZES))
    (HERE / "workbench.icns").write_bytes(icns())


if __name__ == "__main__":
    main()
