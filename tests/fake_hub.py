"""A Hub of the tests' own, which answers as the Hugging Face Hub does for one data set."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import pytest

REVISION = "0123456789abcdef0123456789abcdef01234567"
CARD = """---
license: mit
configs:
- config_name: plain
  data_files:
  - split: train
    path: plain/train.csv
  - split: test
    path: plain/test.csv
- config_name: other
  data_files: other/*.jsonl
---
"""


class FakeHub(BaseHTTPRequestHandler):
    """Answers as the Hub does for one data set, demo/reviews; others are unknown, and demo/locked is gated."""

    files: ClassVar[dict[str, bytes]]
    asked: ClassVar[list[str]]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.asked.append(path)
        if path.startswith("/api/datasets/demo/locked"):
            self._answer(403, b"{}", {"X-Error-Code": "GatedRepo"})
        elif path.startswith("/api/datasets/demo/reviews"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in self.files.items()]
            config = [{"config_name": "plain", "data_files": [
                {"split": "train", "path": "plain/train.csv"}, {"split": "test", "path": "plain/test.csv"}]},
                {"config_name": "other", "data_files": "other/*.jsonl"}]  # fmt: skip
            info = {"id": "demo/reviews", "sha": REVISION, "siblings": siblings, "gated": False,
                    "cardData": {"license": "mit", "configs": config}}  # fmt: skip
            self._answer(200, json.dumps(info).encode(), {"Content-Type": "application/json"})
        elif path.startswith(f"/datasets/demo/reviews/resolve/{REVISION}/"):
            data = self.files[path.split(f"{REVISION}/", 1)[1]]
            etag = hashlib.sha256(data).hexdigest()
            self._answer(200, data, {"ETag": f'"{etag}"', "X-Repo-Commit": REVISION})
        else:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _answer(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeHub]]:
    """The Hub, to which the environment points."""
    train = "text,label\n" + "".join(f"words {i},{'ab'[i % 2]}\n" for i in range(30))

    class Hub(FakeHub):
        files: ClassVar = {
            "README.md": CARD.encode(),
            "plain/train.csv": train.encode(),
            "plain/test.csv": b"text,label\nlast,a\n",
            "other/part.jsonl": b'{"text": "x"}\n' * 5,
            "picture.png": b"\x89PNG",
            "../outside.csv": b"a,b\n",
        }
        asked: ClassVar[list[str]] = []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield Hub
    server.shutdown()
    server.server_close()
    thread.join()
