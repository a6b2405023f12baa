"""`workbench attend --compare`, `--at` and `--heads`."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

from tests.cli.conftest import Cli

TEXT = "the rain saw a storm"


def changed(tiny_bert: Path, folder: Path) -> Path:
    """The tiny model with the second head of its first layer turned round."""
    shutil.copytree(tiny_bert, folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    query = model.base_model.encoder.layer[0].attention.self.query
    with torch.no_grad():
        query.weight[query.weight.shape[0] // 2 :] *= -40
    model.save_pretrained(folder)
    return folder


def test_the_changed_head_leads_the_table_and_files_hold_the_differences(
    cli: Cli, tiny_bert: Path, tmp_path: Path
) -> None:
    other = changed(tiny_bert, tmp_path / "other")
    arrays, picture = tmp_path / "d.npz", tmp_path / "d.png"
    found = cli("--json", "attend", other, TEXT, "--compare", tiny_bert, "-o", arrays, "--png", picture).json
    assert (found["heads"][0]["layer"], found["heads"][0]["head"]) == (1, 2)
    assert found["heads"][0]["divergence"] > 0.001 and len(found["heads"]) == 4
    with np.load(arrays) as kept:
        assert np.array_equal(kept["difference"], kept["second"] - kept["first"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    said = cli("attend", other, TEXT, "--compare", tiny_bert)
    assert said.code == 0 and said.out.splitlines()[3].split()[0] == "1.2"


def test_single_heads_are_told_and_drawn(cli: Cli, tiny_bert: Path, tmp_path: Path) -> None:
    whole, one = tmp_path / "all.png", tmp_path / "one.png"
    said = cli("attend", tiny_bert, TEXT, "--heads", "1.2,2.1", "--png", whole)
    assert said.code == 0 and [line.split()[0] for line in said.out.splitlines() if "→" in line] == [
        "1.2",
        "2.1",
    ]
    cli("attend", tiny_bert, TEXT, "--heads", "1.2", "--png", one)
    assert one.read_bytes() != whole.read_bytes()
    refused = cli("attend", tiny_bert, TEXT, "--heads", "9.1")
    assert refused.code == 2 and "There is no head 9.1." in refused.err


def test_a_step_that_is_not_kept_is_refused(cli: Cli) -> None:
    refused = cli("attend", "nothing", TEXT, "--at", "40")
    assert refused.code == 2 and "nothing" in refused.err
