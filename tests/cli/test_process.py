"""The command as a process of its own: clean standard output, Ctrl-C, and a reader that goes away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, settings

ROOT = Path(__file__).resolve().parents[2]


def start(*arguments: object, home: Path) -> subprocess.Popen[str]:
    """`python -m workbench` with those arguments."""
    return subprocess.Popen(
        [sys.executable, "-m", "workbench", *map(str, arguments), "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_saves_the_run_and_resume_finishes_it(
    cli: Cli, tiny_bert: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    overrides = settings(f"model.source={tiny_bert}", "training.epochs=400", "training.eval_every=100000")
    with start("train", tiny_csv, *overrides, "--json", home=tmp_path) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if " of 1600, loss" in line:
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, said + err
    assert "Stopping after this step" in err
    stopped = json.loads(out)
    assert (stopped["status"], stopped["problem"]) == ("stopped", None)
    assert 1 <= stopped["steps"] < 1600

    shown = cli("runs", "--json", "--home", tmp_path).json
    assert [row["status"] for row in shown] == ["stopped"]
    # Resuming the whole of it would take long: shorten what is left of it in the run's own recipe.
    recipe = Path(stopped["run"]) / "recipe.toml"
    limit = stopped["steps"] + 4
    recipe.write_text(recipe.read_text().replace("max_steps = 0", f"max_steps = {limit}"))
    resumed = cli("resume", Path(stopped["run"]).name, "--json", "--home", tmp_path)
    assert (resumed.code, resumed.json["status"]) == (0, "finished")
    assert resumed.json["run"] == stopped["run"]
    assert resumed.json["steps"] == limit


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently on Windows")
def test_a_reader_that_goes_away_is_no_problem(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "recipe", "--schema", "--home", str(tmp_path)],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_whatever_prints_while_a_command_works_stays_out_of_the_answer(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from workbench.cli.console import Console, kept_stdout\n"
        "with kept_stdout() as out:\n"
        "    print('a library prints')\n"
        "    os.write(1, b'C code prints\\n')\n"
        "    os.system('echo a child prints')\n"
        "    Console(out, sys.stderr, json=True).answer({'metric': float('nan')})\n"
        "print('afterwards')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == '{\n  "metric": null\n}\nafterwards\n'
    assert sorted(done.stderr.split("\n")[:3]) == ["C code prints", "a child prints", "a library prints"]


def test_only_the_first_of_several_processes_speaks(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RANK", "1")
    said = cli("recipe", "--json")
    assert (said.code, said.out, said.err) == (0, "", "")
    said = cli("train", tmp_path / "missing.csv", "--json")
    assert (said.code, said.out, said.err) == (2, "", "")


def test_nothing_heavy_is_imported_before_a_command_runs(tmp_path: Path) -> None:
    code = (
        "import sys; from workbench.cli.main import main; main(['recipe']);"
        "heavy = {'torch', 'transformers', 'PySide6', 'PIL', 'pyarrow'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
