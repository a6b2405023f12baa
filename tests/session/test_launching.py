"""Launch files: other tools read them as they are meant, whatever is in a name."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed, load_recipe
from workbench.session.launch_files import LaunchFiles, accelerate_files, skypilot_files, slurm_files
from workbench.session.launching import Fleet, settled

FLEET = Fleet(4, 2, "node-a:29500", "x", "fsdp2")


def written(job: LaunchFiles, folder: Path) -> Path:
    for name, text in job.files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """A recipe of a data file whose name needs quoting, and of a model folder."""
    data, model = tmp_path / "my $data's.csv", tmp_path / "my model"
    data.write_text("text,label\na,b\n")
    model.mkdir()
    return changed(changed(Recipe(name="It's"), "data.train", str(data)), "model.source", str(model))


def test_accelerate_reads_its_file_as_it_is_meant(recipe: Recipe, tmp_path: Path) -> None:
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.utils import DistributedType

    job = accelerate_files(recipe, FLEET, "it-s")
    folder = written(job, tmp_path)
    config = load_config_from_file(str(folder / "it-s.accelerate.yaml"))
    assert (config.num_processes, config.num_machines, config.main_process_ip) == (8, 2, "node-a")
    assert config.distributed_type == DistributedType.FSDP
    assert config.fsdp_config["fsdp_version"] == 2
    assert config.mixed_precision == "no"
    assert load_recipe(folder / "it-s.toml") == recipe
    assert "--config_file it-s.accelerate.yaml" in job.command and job.command.endswith("train it-s.toml")

    one = accelerate_files(recipe, Fleet(), "one").files["one.accelerate.yaml"]
    assert yaml.safe_load(one)["distributed_type"] == "NO"
    two = accelerate_files(recipe, Fleet(2), "two").files["two.accelerate.yaml"]
    assert (yaml.safe_load(two)["distributed_type"], "fsdp" in two) == ("MULTI_GPU", False)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize("argument", [[], ["my-run"]])
def test_the_slurm_script_launches_on_every_node(recipe: Recipe, tmp_path: Path, argument: list[str]) -> None:
    folder = written(slurm_files(recipe, FLEET, "it-s"), tmp_path)
    # Slurm's own commands, as far as the script needs them.
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "scontrol").write_text("#!/bin/sh\nprintf 'node-a\\nnode-b\\n'\n")
    (tools / "srun").write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "SLURM_JOB_NODELIST": "node-[a-b]", "SLURM_JOB_ID": "7"}
    environment |= {"SLURM_SUBMIT_DIR": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-u", str(folder / "it-s.sbatch"), *argument] if argument else ["bash", str(folder / "it-s.sbatch")],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    words = done.stdout.splitlines()
    what = ["--resume", "my-run"] if argument else ["it-s.toml"]
    assert words[: 3 + len(what)] == ["--kill-on-bad-exit=1", "workbench", "launch", *what]
    assert words[3 + len(what) :] == [
        "--nnodes", "2", "--nproc-per-node", "4", "--strategy", "fsdp2", "--rdzv-endpoint", "node-a:29500",
        "--rdzv-id", "7",
    ]  # fmt: skip
    text = (folder / "it-s.sbatch").read_text()
    assert "#SBATCH --nodes=2\n" in text and "#SBATCH --gpus-per-node=4\n" in text
    on_cpu = slurm_files(changed(recipe, "training.device", "cpu"), FLEET, "x").files["x.sbatch"]
    assert "--gpus-per-node" not in on_cpu


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_skypilot_task_brings_its_files_and_finds_them_there(recipe: Recipe, tmp_path: Path) -> None:
    folder = written(skypilot_files(recipe, FLEET, "it-s", "H100"), tmp_path)
    task = yaml.safe_load((folder / "it-s.sky.yaml").read_text())
    assert (task["num_nodes"], task["resources"]) == (2, {"accelerators": "H100:4"})
    mounts = task["file_mounts"]
    assert set(mounts.values()) == {recipe.data.train, recipe.model.source}
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "workbench").write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
    (tools / "workbench").chmod(0o755)
    environment = {
        "PATH": f"{tools}:/usr/bin:/bin",
        "HOME": "/home/me",
        "SKYPILOT_NODE_IPS": "10.0.0.1\n10.0.0.2",
    }
    said = subprocess.run(
        ["bash", "-c", task["run"]], env=environment, capture_output=True, text=True, check=True
    )
    words = said.stdout.splitlines()
    assert words[:2] == ["launch", "it-s.toml"] and "10.0.0.1:29500" in words
    there = {
        word.partition("=")[2].replace("/home/me", "~")
        for word in words
        if word.startswith(("data.", "model."))
    }
    assert there == set(mounts)
    shipped = yaml.safe_load(skypilot_files(Recipe(), Fleet(), "s").files["s.sky.yaml"])
    assert "file_mounts" not in shipped


def test_a_fleet_says_all_that_is_wrong_with_it() -> None:
    with pytest.raises(WorkbenchError) as refused:
        settled(Fleet(0, 2, "node-a"))
    assert len(refused.value.problems) == 2
    assert "--rdzv-endpoint" in str(refused.value.problems[1])
    assert settled(Fleet(2)).torchrun() == [
        "--nnodes=1",
        "--nproc-per-node=2",
        "--max-restarts=0",
        "--standalone",
    ]
