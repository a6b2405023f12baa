"""Checkpoints: true copies, written beside the training, complete or absent, and what stays of them."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from tests.engine.saving import POSITION, Training, same, sums
from workbench.engine import checkpoints
from workbench.engine.checkpoints import write_checkpoint
from workbench.engine.damage import MARK, damage, mend_checkpoints, newest_good, prune
from workbench.engine.frozen import freeze, model_files, pieces
from workbench.engine.writer import Writer, mend, publish, write_folder
from workbench.run.problem import WorkbenchError

SIZES = {
    "vocab_size": 101,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 70,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


@pytest.fixture
def trained() -> Training:
    training = Training()
    training.step(3)
    return training


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert [t.name for t in threading.enumerate() if t.name == "checkpoint-writer"] == []


# ---- the bytes


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("BertForSequenceClassification", {}),
        ("BertForMaskedLM", {}),  # tied weights
        ("LlamaForCausalLM", {"num_key_value_heads": 1, "tie_word_embeddings": True}),
        (
            "MixtralForCausalLM",
            {"num_key_value_heads": 1, "num_local_experts": 2},
        ),  # experts joined in memory
    ],
)
def test_a_model_s_files_are_those_of_save_pretrained(
    kind: str, more: dict[str, Any], tmp_path: Path
) -> None:
    model_class = getattr(transformers, kind)
    model = model_class(model_class.config_class(**SIZES, **more))
    model.save_pretrained(tmp_path / "theirs")
    write_folder(tmp_path / "ours", model_files(model))
    assert sums(tmp_path / "ours") == sums(tmp_path / "theirs")


def test_frozen_tensors_are_written_as_safetensors_writes_them(tmp_path: Path) -> None:
    tensors = {
        'odd "näme"\\': torch.tensor(3.0),
        "empty": torch.zeros(0, 3),
        "turned": torch.randn(3, 4).t(),
        "yes": torch.tensor([True, False]),
        "half": torch.randn(3).half(),
    }
    for dtype in (torch.bfloat16, torch.float64, torch.int64, torch.int32, torch.int8, torch.uint8):
        tensors[str(dtype)] = torch.arange(5).to(dtype)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, tmp_path / "theirs")
    assert b"".join(pieces(freeze(tensors))) == (tmp_path / "theirs").read_bytes()


def test_a_snapshot_is_a_true_copy(trained: Training, tmp_path: Path) -> None:
    before = trained.weights()
    momentum = [state["exp_avg"].clone() for state in trained.optimizer.state.values()]
    taken = trained.snapshot()
    trained.step(2)
    with torch.no_grad():
        for parameter in trained.model.parameters():
            parameter.zero_()
    path = write_checkpoint(tmp_path, taken, {}, mark=False)
    again = Training(seed=1)
    again.model.load_state_dict(load_file(path / "model" / "model.safetensors"))
    checkpoints.restore(path, again.optimizer, again.scaler)
    assert same(again.weights(), before)
    restored = [state["exp_avg"] for state in again.optimizer.state.values()]
    assert all(torch.equal(a, b) for a, b in zip(momentum, restored, strict=True))


def test_training_goes_on_to_the_bit_from_a_checkpoint(trained: Training, tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, trained.snapshot(), {}, mark=False)
    trained.step(3)
    other = Training(seed=9)
    other.model.load_state_dict(load_file(path / "model" / "model.safetensors"))
    kept = checkpoints.restore(path, other.optimizer, other.scaler)
    other.step(3)
    assert same(other.weights(), trained.weights())
    assert torch.equal(kept["average"], torch.arange(5.0) * 4)


def test_all_random_states_come_back(trained: Training, tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, trained.snapshot(), {}, mark=False)

    def draw() -> tuple[float, float, float]:
        return random.random(), float(np.random.standard_normal()), float(torch.rand(()))

    first = draw()
    draw()
    checkpoints.restore(path, trained.optimizer, trained.scaler)
    assert draw() == first


@pytest.mark.parametrize("name", ["sgd", "nesterov", "adamw", "adafactor", "nadam"])
def test_every_optimizer_s_state_comes_back_to_the_type(name: str, tmp_path: Path) -> None:
    def fresh() -> Training:
        training = Training()
        maker = {
            "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
            "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
            "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, fused=True),
            "adafactor": lambda p: torch.optim.Adafactor(p, lr=0.1),
            "nadam": lambda p: torch.optim.NAdam(p, lr=0.1),
        }[name]
        training.optimizer = maker(training.model.parameters())
        return training

    training, other = fresh(), fresh()
    training.step(2)
    path = write_checkpoint(tmp_path, training.snapshot(), {}, mark=False)
    checkpoints.restore(path, other.optimizer, other.scaler)
    wanted, found = training.optimizer.state_dict(), other.optimizer.state_dict()
    assert found["param_groups"] == wanted["param_groups"]
    assert [type(v) for v in found["param_groups"][0].values()] == [
        type(v) for v in wanted["param_groups"][0].values()
    ]
    assert found["state"].keys() == wanted["state"].keys()
    for number, values in wanted["state"].items():
        for key, value in values.items():
            there = found["state"][number][key]
            assert torch.equal(there, value) if isinstance(value, torch.Tensor) else there == value


# ---- positions


def test_a_position_comes_back_and_tolerates_what_it_does_not_know(trained: Training, tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, trained.snapshot(), {}, mark=False)
    assert checkpoints.read_position(path) == POSITION
    state = json.loads((path / "state.json").read_text())
    state["position"]["from_a_later_version"] = 1
    del state["position"]["plateau"]
    (path / "state.json").write_text(json.dumps(state))
    assert checkpoints.read_position(path) == replace(POSITION, plateau={})


@pytest.mark.parametrize("written", [1, 99, None])
def test_a_checkpoint_of_another_format_is_refused_in_words(
    written: int | None, trained: Training, tmp_path: Path
) -> None:
    path = write_checkpoint(tmp_path, trained.snapshot(), {}, mark=False)
    state = json.loads((path / "state.json").read_text())
    del state["format"]
    if written is not None:
        state["format"] = written
    (path / "state.json").write_text(json.dumps(state))
    with pytest.raises(WorkbenchError, match=f"format {written or 1} of another version"):
        checkpoints.read_position(path)
    with pytest.raises(WorkbenchError, match="of another version"):
        checkpoints.restore(path, trained.optimizer, trained.scaler)


# ---- only what is trained


def test_a_checkpoint_can_hold_only_the_trained_weights(trained: Training, tmp_path: Path) -> None:
    for parameter in trained.model.bert.parameters():
        parameter.requires_grad = False
    path = write_checkpoint(tmp_path, trained.snapshot(only_trained=True), {}, mark=False)
    assert not (path / "model").exists() and damage(path) == ""
    assert set(load_file(path / "trained.safetensors")) == {"classifier.weight", "classifier.bias"}
    before = trained.weights()
    with torch.no_grad():
        trained.model.classifier.weight.zero_()
    checkpoints.load_trained(path, trained.model)
    assert same(trained.weights(), before)
    trained.model.bert.pooler.dense.bias.requires_grad = True
    with pytest.raises(WorkbenchError, match=r"do not fit this model: bert\.pooler\.dense\.bias"):
        checkpoints.load_trained(path, trained.model)


# ---- the writer


def test_what_is_written_beside_the_training_is_the_same_to_the_byte(
    trained: Training, tmp_path: Path
) -> None:
    taken = trained.snapshot()
    direct = write_checkpoint(tmp_path / "direct", taken, {"model/words.txt": b"a b c"}, mark=False)
    writer = Writer()
    writer.submit(
        lambda: write_checkpoint(tmp_path / "beside", taken, {"model/words.txt": b"a b c"}, mark=False)
    )
    trained.step(5)
    writer.wait()
    assert writer.trouble() is None
    beside = tmp_path / "beside" / direct.name
    assert sums(beside) == sums(direct) and damage(beside) == damage(direct) == ""


def test_the_training_does_not_wait_for_the_writing(trained: Training) -> None:
    writer, go_on, order = Writer(), threading.Event(), []

    def slow_disk() -> None:
        go_on.wait(60)
        order.append("written")

    writer.submit(slow_disk)
    trained.step()
    order.append("trained")
    assert writer.trouble() is None
    go_on.set()
    writer.submit(lambda: order.append("written too"))  # a second one waits for the first
    writer.wait()
    assert order == ["trained", "written", "written too"]


def test_the_writing_thread_runs_no_torch(trained: Training, tmp_path: Path) -> None:
    seen: set[str] = set()

    def note(frame: Any, event: str, called: Any) -> None:
        if event == "c_call":
            owner = getattr(called, "__self__", None)
            seen.add(str(getattr(called, "__module__", None) or type(owner).__module__))
        else:
            seen.add(str(frame.f_globals.get("__name__")))

    writer, taken = Writer(), trained.snapshot()
    threading.setprofile(note)
    try:
        writer.submit(lambda: write_checkpoint(tmp_path, taken, {}, mark=True))
    finally:
        threading.setprofile(None)
    writer.wait()
    assert damage(tmp_path / "step-000004") == ""
    assert "workbench.engine.writer" in seen
    assert not {name for name in seen if name.split(".")[0] in ("torch", "safetensors", "transformers")}


def test_a_mistake_in_a_job_is_not_swallowed() -> None:
    writer = Writer()
    writer.submit(lambda: 1 / 0)
    writer.wait()
    with pytest.raises(ZeroDivisionError):
        writer.trouble()


def test_jobs_in_trouble_keep_their_order() -> None:
    writer, done, full = Writer(), [], [True]

    def write(name: str) -> None:
        if full:
            raise OSError(28, "No space left on device")
        done.append(name)

    writer.submit(lambda: write("first"))
    writer.submit(lambda: write("second"))
    writer.wait()
    trouble = writer.trouble()
    assert trouble is not None and trouble.errno == 28 and done == []
    writer.retry()
    writer.wait()
    assert writer.trouble() is not None and done == []
    full.clear()
    writer.retry()
    writer.wait()
    assert writer.trouble() is None and done == ["first", "second"]


# ---- complete or absent


def test_a_crash_between_the_two_renames_is_mended(tmp_path: Path) -> None:
    target, staged = tmp_path / "model", tmp_path / ".model.partial"
    write_folder(staged, {"a": b"old"})
    publish(staged, target)
    target.rename(tmp_path / ".model.old")  # the first rename happened, the second did not
    mend(target)
    assert (target / "a").read_bytes() == b"old"
    target.rename(tmp_path / ".model.old")
    write_folder(staged, {"a": b"new"})
    publish(staged, target)
    assert (target / "a").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_a_checkpoint_caught_while_it_was_replaced_comes_back(trained: Training, tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, trained.snapshot(), {}, mark=False)
    path.rename(tmp_path / ".step-000004.old")
    mend_checkpoints(tmp_path)
    assert damage(path) == ""


# ---- which ones stay


def kept(folder: Path) -> list[int]:
    return sorted(int(path.name[5:]) for path in folder.iterdir())


def test_the_last_the_best_and_the_marked_stay(trained: Training, tmp_path: Path) -> None:
    for step in range(1, 9):
        write_checkpoint(tmp_path, trained.snapshot(step), {}, mark=step == 2)
    (tmp_path / ".step-000009.partial").mkdir()
    prune(tmp_path, 2, replace(POSITION, step=8, best_step=5))
    assert kept(tmp_path) == [2, 5, 7, 8]
    prune(
        tmp_path, 1, replace(POSITION, step=8, best_step=6)
    )  # none was saved at the best step: the next one
    assert kept(tmp_path) == [2, 7, 8]
    prune(tmp_path, 1, replace(POSITION, step=8, best_step=0))
    assert kept(tmp_path) == [2, 8]


def test_damaged_newer_ones_do_not_push_out_good_ones(trained: Training, tmp_path: Path) -> None:
    for step in (3, 9):
        write_checkpoint(tmp_path, trained.snapshot(step), {}, mark=False)
    (tmp_path / "step-000009" / "state.json").write_text("{}")
    good, passed_over = newest_good(list(tmp_path.iterdir()))
    assert good.name == "step-000003" and len(passed_over) == 1
    write_checkpoint(tmp_path, trained.snapshot(6), {}, mark=False)  # the run went on from step 3
    prune(tmp_path, 1, replace(POSITION, step=6, best_step=0))
    assert kept(tmp_path) == [6]


def test_the_newest_is_found_by_number_not_by_name(trained: Training, tmp_path: Path) -> None:
    for step in (999_999, 1_000_000):
        write_checkpoint(tmp_path, trained.snapshot(step), {}, mark=False)
    assert newest_good(sorted(tmp_path.iterdir()))[0].name == "step-1000000"


def test_a_mark_outlives_a_second_save_at_the_same_step(trained: Training, tmp_path: Path) -> None:
    write_checkpoint(tmp_path, trained.snapshot(), {}, mark=True)
    path = write_checkpoint(tmp_path, trained.snapshot(), {}, mark=False)
    assert (path / MARK).is_file() and damage(path) == ""
