"""Sizes of files in words."""

from __future__ import annotations

from workbench.data.suggest import counted


def megabytes(size: int) -> str:
    """Bytes as a person reads them."""
    if size < 1000:
        return counted(size, "byte")
    if size < 1_000_000:
        return f"{size / 1000:.0f} KB"
    return f"{size / 1_000_000:.1f} MB" if size < 1_000_000_000 else f"{size / 1_000_000_000:.2f} GB"
