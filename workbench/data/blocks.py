"""Reads a file of text block by block as UTF-8, whatever its encoding, so that it need not fit into memory."""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path

from workbench.data.encodings import WIDER, codec_of
from workbench.data.format import Opening
from workbench.data.raw import refuse_known_binary, require_file, unreadable
from workbench.run.problem import bad_input

#: Bytes that are read in one go; small, so that a block that needs a closer look costs little.
BLOCK = 1024**2
#: No row is longer than this; a quotation mark that is never closed would make one of the rest of the file.
LONGEST_ROW = 64 * 1024**2


class Blocks:
    """A file's bytes as UTF-8.

    Attributes:
        notes: What was assumed of the encoding.
        encoding: The codec.
        done: Whether the end is reached.
    """

    def __init__(self, path: Path, opening: Opening, block: int = 0) -> None:
        """`block` bytes are read at a time; 0 for the usual number."""
        require_file(path, field=opening.field)
        self._path, self._opening = path, opening
        self._block = block or BLOCK
        self._size = path.stat().st_size
        self._hash = hashlib.sha256()
        self._read = 0
        self.done = False
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise unreadable(path, error, opening.field) from error
        try:
            self._first = self._file.read(self._block)
            refuse_known_binary(self._first, path, field=opening.field)
            found = codec_of(self._first, path, opening.encoding, field=opening.field)
        except BaseException:
            self._file.close()
            raise
        self.notes, self.encoding = found.notes, found.encoding
        # While all is ASCII, another encoding may still turn out further down.
        self._open = not opening.encoding and self._first.isascii() and found.encoding == "utf-8"
        self._decoder = self._make_decoder()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what was read."""
        return self._hash.hexdigest()

    @property
    def share(self) -> float:
        """How much of the file is read, from 0 to 1."""
        return min(1.0, self._read / max(1, self._size))

    def next(self, size: int = 0) -> bytes:
        """The next bytes, a block or `size` of them if that is more; empty at the end."""
        self._opening.check()
        try:
            data = self._first or self._file.read(max(size, self._block))
            self._first = b""
        except OSError as error:
            raise unreadable(self._path, error, self._opening.field) from error
        self._hash.update(data)
        start = self._read == 0
        self._read += len(data)
        self.done = not data
        self._opening.progress(self.share)
        if self._open and data and not data.isascii():
            self._open = False
            found = codec_of(data.replace(b"\0", b" "), self._path, field=self._opening.field)
            self.notes, self.encoding = found.notes, found.encoding
            self._decoder = self._make_decoder()
        if self._decoder is None:
            return data.removeprefix(codecs.BOM_UTF8) if start else data
        return self._transcoded(data, start)

    def _make_decoder(self) -> codecs.IncrementalDecoder | None:
        name = codecs.lookup(self.encoding).name
        return None if name in ("utf-8", "utf-8-sig") else codecs.getincrementaldecoder(name)("strict")

    def _transcoded(self, data: bytes, start: bool) -> bytes:
        assert self._decoder is not None
        waiting = self._decoder.getstate()[0]
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            if not self._opening.encoding and self.encoding in WIDER:
                self.encoding = WIDER[self.encoding]
                self._decoder = self._make_decoder()
                return self._transcoded(waiting + data, start)
            raise bad_input(
                f"{self._path.name} is not written in {self.encoding} throughout.",
                f"The first byte that does not fit lies about {self._read / 1e6:.1f} MB into the file: "
                f"{error.reason}.",
                "Choose another encoding; if the file was cut short, copy or download it again.",
                field="data.encoding",
            ) from error
        return (text.removeprefix("\ufeff") if start else text).encode("utf-8", "surrogatepass")


def line_ends(data: bytes) -> int:
    """How many lines end in the bytes, by \\n, \\r\\n or \\r alone; none of them may be cut off behind a \\r."""
    import numpy as np

    shown = np.frombuffer(data, np.uint8)
    found = np.count_nonzero(shown == 10)
    if b"\r" in data:
        returns = shown == 13
        found += np.count_nonzero(returns) - np.count_nonzero(returns[:-1] & (shown[1:] == 10))
    return int(found)
