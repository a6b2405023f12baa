"""Launch files: a recipe as a job for the user's own cluster, with Accelerate, Slurm or SkyPilot."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed, recipe_toml
from workbench.session.launching import FSDP2, Fleet

PORT = 29500  # torchrun's own
_DATA = "workbench-data"  # the folder under the home of a rented machine where files go
_FILES = ("data.train", "data.validation", "data.test", "model.source")


@dataclass(frozen=True, slots=True)
class LaunchFiles:
    """Files by name, and the command that starts the job from the folder they lie in."""

    files: dict[str, str]
    command: str


def accelerate_files(recipe: Recipe, fleet: Fleet, name: str) -> LaunchFiles:
    """A configuration for `accelerate launch`; with several machines each one runs the command, with its number."""
    world = fleet.processes * fleet.nodes
    lines = {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": _quoted(_distributed(recipe, fleet)),
        "mixed_precision": _quoted("no"),  # the recipe's own precision counts
        "num_machines": str(fleet.nodes),
        "num_processes": str(world),
        "machine_rank": "0",
        "rdzv_backend": "c10d" if fleet.nodes > 1 else "static",
        "use_cpu": "true" if recipe.training.device == "cpu" else "false",
    }
    if fleet.nodes > 1:
        host, _, port = (fleet.endpoint or f"main-machine:{PORT}").rpartition(":")
        lines |= {"main_process_ip": _quoted(host), "main_process_port": port, "same_network": "true"}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items())
    if fleet.strategy == "fsdp2":
        text += "fsdp_config:\n" + "".join(f"  {key}: {value}\n" for key, value in _fsdp_config().items())
    config = f"{name}.accelerate.yaml"
    rank = " --machine_rank NUMBER_OF_THIS_MACHINE" if fleet.nodes > 1 else ""
    return LaunchFiles(
        {f"{name}.toml": recipe_toml(recipe), config: text},
        f"accelerate launch --config_file {shlex.quote(config)}{rank} -m workbench train {shlex.quote(name + '.toml')}",
    )


def slurm_files(recipe: Recipe, fleet: Fleet, name: str) -> LaunchFiles:
    """A script for `sbatch`. Slurm starts one launcher a node, which starts the processes there; before the time is
    over the run is asked to save, and the same script goes on with it."""
    toml, script = f"{name}.toml", f"{name}.sbatch"
    gpus = "" if recipe.training.device == "cpu" else f"\n#SBATCH --gpus-per-node={fleet.processes}"
    text = f"""#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --nodes={fleet.nodes}
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task={8 * fleet.processes}{gpus}
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@180
#SBATCH --output=%x-%j.log

# Runs are kept here; the folder must be one that all nodes see.
export WORKBENCH_HOME="${{WORKBENCH_HOME:-$SLURM_SUBMIT_DIR/workbench-home}}"

# The node where all processes meet.
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)

# To go on with a run: sbatch {shlex.quote(script)} RUN
if [ -n "$1" ]; then
  what=(--resume "$1")
else
  what=({shlex.quote(toml)})
fi

# exec, so that the signal before the end of the time reaches the launchers, which save.
exec srun --kill-on-bad-exit=1 workbench launch "${{what[@]}}" \\
  --nnodes {fleet.nodes} --nproc-per-node {fleet.processes} --strategy {fleet.strategy} \\
  --rdzv-endpoint "$first:{PORT}" --rdzv-id "$SLURM_JOB_ID"
"""
    return LaunchFiles({toml: recipe_toml(recipe), script: text}, f"sbatch {shlex.quote(script)}")


def skypilot_files(recipe: Recipe, fleet: Fleet, name: str, gpu: str = "A100") -> LaunchFiles:
    """A task for `sky launch` with GPUs of that kind, one for each process.

    Its files are copied to the rented machines. The run is left in `workbench-home` there, which `sky rsync` or a
    mounted bucket brings back.
    """
    recipe, mounts = _moved(recipe)
    toml, task = f"{name}.toml", f"{name}.sky.yaml"
    lines = [
        f"name: {_quoted(name)}",
        f"num_nodes: {fleet.nodes}",
        "resources:",
        "  cpus: 8+"
        if recipe.training.device == "cpu"
        else f"  accelerators: {_quoted(f'{gpu}:{fleet.processes}')}",
        "workdir: .",
    ]
    if mounts:
        lines += ["file_mounts:", *(f"  {_quoted(there)}: {_quoted(here)}" for there, here in mounts.items())]
    lines += [
        "setup: |",
        "  pip install model-workbench  # or a wheel that lies beside this file",
        "run: |",
        '  first=$(echo "$SKYPILOT_NODE_IPS" | head -n 1)',
        '  export WORKBENCH_HOME="$HOME/workbench-home"',
        f"  exec workbench launch {shlex.quote(toml)} \\",
        *(f'    --set {path}="$HOME"/{shlex.quote(file)} \\' for path, file in _settings(recipe, mounts)),
        f"    --nnodes {fleet.nodes} --nproc-per-node {fleet.processes} --strategy {fleet.strategy} \\",
        f'    --rdzv-endpoint "$first:{PORT}" --rdzv-id {shlex.quote(name)}',
    ]
    return LaunchFiles(
        {toml: recipe_toml(recipe), task: "\n".join(lines) + "\n"},
        f"sky launch -c {shlex.quote(name)} {shlex.quote(task)}",
    )


def _distributed(recipe: Recipe, fleet: Fleet) -> str:
    if fleet.strategy == "fsdp2":
        return "FSDP"
    if fleet.processes * fleet.nodes == 1:
        return "NO"
    return "MULTI_CPU" if recipe.training.device == "cpu" else "MULTI_GPU"


def _fsdp_config() -> dict[str, str]:
    """Accelerate's file calls fsdp_x what its environment calls FSDP_X."""
    found = {key.lower(): value for key, value in FSDP2.items() if key.startswith("FSDP_")}
    return {key: value if value in ("true", "false", "2") else _quoted(value) for key, value in found.items()}


def _moved(recipe: Recipe) -> tuple[Recipe, dict[str, str]]:
    """The recipe with its files where they will be copied to, and where each of them goes."""
    mounts: dict[str, str] = {}
    for path in _FILES:
        value = recipe.value(path)
        if isinstance(value, str) and Path(value).is_absolute() and Path(value).exists():
            there = str(PurePosixPath("~") / _DATA / path.partition(".")[2] / Path(value).name)
            mounts[there] = value
            recipe = changed(recipe, path, there)
    return recipe, mounts


def _settings(recipe: Recipe, mounts: dict[str, str]) -> list[tuple[str, str]]:
    """Which fields name a copied file, relative to the home folder, whose name only the machine itself knows."""
    return [(path, recipe.value(path).removeprefix("~/")) for path in _FILES if recipe.value(path) in mounts]


def _quoted(text: str) -> str:
    """A text as YAML takes it, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"
