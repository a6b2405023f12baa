"""Damaged checkpoints: every form is found before anything is loaded, and an older whole one takes over.

Outside of this is a file that was changed together with its sum in the manifest: that takes intent, not chance.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.saving import Training
from workbench.engine import checkpoints
from workbench.engine.checkpoints import write_checkpoint
from workbench.engine.damage import MANIFEST, damage, newest_good
from workbench.run.problem import WorkbenchError

WEIGHTS = "model/model.safetensors"
BINARY = (WEIGHTS, "optimizer.safetensors", "random.safetensors", "methods.safetensors")
Harm = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two checkpoints, at steps 2 and 4."""
    folder = tmp_path_factory.mktemp("checkpoints")
    training = Training()
    for step in (2, 4):
        training.step(2)
        write_checkpoint(folder, training.snapshot(step), {"model/tokenizer.json": b"{}"}, mark=False)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "checkpoints"))


def cut(name: str, share: float) -> Harm:
    return lambda at: os.truncate(at / name, int((at / name).stat().st_size * share))


def cut_last_byte(at: Path) -> None:
    os.truncate(at / WEIGHTS, (at / WEIGHTS).stat().st_size - 1)


def flip(name: str, place: float) -> Harm:
    def harm(at: Path) -> None:
        data = bytearray((at / name).read_bytes())
        data[min(int(len(data) * place), len(data) - 1)] ^= 0x10
        (at / name).write_bytes(data)

    return harm


def half_zero(name: str) -> Harm:
    def harm(at: Path) -> None:
        data = (at / name).read_bytes()
        (at / name).write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))

    return harm


def remove(name: str) -> Harm:
    return lambda at: (at / name).unlink()


def write(name: str, content: str) -> Harm:
    return lambda at: (at / name).write_text(content)


def grow(name: str) -> Harm:
    return lambda at: (at / name).write_bytes((at / name).read_bytes() + b"\0")


def swap(one: str, other: str) -> Harm:
    def harm(at: Path) -> None:
        a, b = (at / one).read_bytes(), (at / other).read_bytes()
        (at / one).write_bytes(b)
        (at / other).write_bytes(a)

    return harm


def of_the_older(name: str) -> Harm:
    return lambda at: shutil.copyfile(at.parent / "step-000002" / name, at / name)


def all_of_the_older(at: Path) -> None:
    shutil.rmtree(at)
    shutil.copytree(at.parent / "step-000002", at)


def folder_instead(name: str) -> Harm:
    def harm(at: Path) -> None:
        (at / name).unlink()
        (at / name).mkdir()

    return harm


def link_instead(name: str, to: str) -> Harm:
    def harm(at: Path) -> None:
        (at / name).unlink()
        (at / name).symlink_to(to)

    return harm


def edit_manifest(change: Callable[[dict[str, str]], object]) -> Harm:
    def harm(at: Path) -> None:
        manifest = json.loads((at / MANIFEST).read_text())
        change(manifest)
        (at / MANIFEST).write_text(json.dumps(manifest))

    return harm


def another_step(at: Path) -> None:
    state = json.loads((at / "state.json").read_text())
    state["position"]["step"] = 3
    (at / "state.json").write_text(json.dumps(state))


def not_readable(at: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is unreadable to root")
    (at / WEIGHTS).chmod(0)


FORMS: dict[str, Harm] = {
    **{f"{name} cut to {share}": cut(name, share) for name in BINARY for share in (0.01, 0.5)},
    **{f"{name} empty": cut(name, 0) for name in (*BINARY, "state.json", "model/config.json")},
    **{
        f"{name} with a bit flipped at {place}": flip(name, place) for name in BINARY for place in (0, 0.5, 1)
    },
    **{f"{name} half zeroed": half_zero(name) for name in BINARY},
    **{f"{name} missing": remove(name) for name in (*BINARY, "state.json", "model/config.json")},
    "the last byte of the weights cut off": cut_last_byte,
    "a byte more": grow(WEIGHTS),
    "a tokenizer's file missing": remove("model/tokenizer.json"),
    "the whole model missing": lambda at: shutil.rmtree(at / "model"),
    "state.json cut": cut("state.json", 0.5),
    "state.json with a bit flipped": flip("state.json", 0.3),
    "state.json of another step": another_step,
    "config.json edited": write("model/config.json", "{}"),
    "weights and optimizer swapped": swap(WEIGHTS, "optimizer.safetensors"),
    "weights of another checkpoint": of_the_older(WEIGHTS),
    "optimizer of another checkpoint": of_the_older("optimizer.safetensors"),
    "manifest of another checkpoint": of_the_older(MANIFEST),
    "another checkpoint under this name": all_of_the_older,
    "manifest missing": remove(MANIFEST),
    "manifest empty": write(MANIFEST, ""),
    "manifest without entries": write(MANIFEST, "{}"),
    "manifest is a list": write(MANIFEST, "[]"),
    "manifest cut": cut(MANIFEST, 0.5),
    "manifest with a bit flipped in a sum": flip(MANIFEST, 0.5),
    "manifest with another file's sum": edit_manifest(lambda m: m.update({WEIGHTS: m["state.json"]})),
    "manifest without the weights": edit_manifest(lambda m: m.pop(WEIGHTS)),
    "manifest with a sum that is no text": edit_manifest(lambda m: m.update({WEIGHTS: 1})),
    "manifest that is deeply nested": write(MANIFEST, "[" * 100_000),
    "manifest is a folder": folder_instead(MANIFEST),
    "weights are a folder": folder_instead(WEIGHTS),
    "weights are a link to nothing": link_instead(WEIGHTS, "nowhere"),
    "weights are a link to themselves": link_instead(WEIGHTS, "model.safetensors"),
    "a file too many, which would be loaded first": write("model/adapter_config.json", "{}"),
    "weights not readable": not_readable,
}
if Path("/proc/self/mem").exists():
    FORMS["reading the weights fails"] = link_instead(WEIGHTS, "/proc/self/mem")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_damage_is_found_and_an_older_checkpoint_takes_over(form: str, folder: Path) -> None:
    newest = folder / "step-000004"
    assert damage(newest) == ""
    FORMS[form](newest)
    assert damage(newest)
    good, passed_over = newest_good(sorted(folder.iterdir()))
    assert good == folder / "step-000002"
    assert len(passed_over) == 1
    assert passed_over[0] == f"The checkpoint step-000004 is damaged ({damage(newest)}) and was passed over."


def test_there_are_more_forms_than_asked_for() -> None:
    assert len(FORMS) >= 26


@pytest.mark.parametrize("place", range(24))
def test_any_bit_of_any_file_counts(place: int, folder: Path) -> None:
    newest = folder / "step-000004"
    files = sorted(path for path in newest.rglob("*") if path.is_file())
    chosen = files[place % len(files)]
    data = bytearray(chosen.read_bytes())
    # Spread over the files by a fixed rule, so that a failure can be repeated.
    data[(place * 7919) % len(data)] ^= 1 << (place % 8)
    chosen.write_bytes(data)
    assert damage(newest)


def test_what_does_not_matter_is_no_damage(folder: Path) -> None:
    newest = folder / "step-000004"
    (newest / ".DS_Store").write_bytes(b"x")
    (newest / "model" / "Thumbs.db").write_bytes(b"x")
    (newest / "mark").touch()
    (folder / ".step-000006.partial").mkdir()
    assert damage(newest) == ""


def test_another_version_s_checkpoint_is_passed_over_in_words(
    whole: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "FORMAT", 3)
    write_checkpoint(folder, Training().snapshot(6), {}, mark=False)
    good, passed_over = newest_good(sorted(folder.iterdir()))
    assert good.name == "step-000004"
    assert "format 3 of another version" in passed_over[0]


def test_when_none_is_whole_every_reason_is_told(folder: Path) -> None:
    remove(WEIGHTS)(folder / "step-000004")
    remove("state.json")(folder / "step-000002")
    with pytest.raises(WorkbenchError, match="cannot be resumed") as raised:
        newest_good(sorted(folder.iterdir()))
    assert f"{WEIGHTS} is missing" in raised.value.problem.cause
    assert "state.json is missing" in raised.value.problem.cause
