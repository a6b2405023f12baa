"""Setting up and starting: each failure is one sentence, a second start installs nothing, shortcuts are sound."""

from __future__ import annotations

import ast
import configparser
import io
import os
import plistlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from launch import failures, libraries, shortcut
from launch.environment import Environment, set_up
from launch.failures import SetUpError
from launch.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
ICONS = ROOT / "resources" / "icons"

MINI_PROJECT = """\
[project]
dependencies = ["tiny >= 1"]
[project.optional-dependencies]
test = ["tiny >= 1"]
"""
# The mini clone's stand-ins for the application: they say what start.py asked of them.
MINI_MAIN = "import sys, tiny\nprint('workbench', *sys.argv[1:])\n"
MINI_PACKAGES = "import sys\nwith open('fetched', 'a') as file:\n    print(*sys.argv[1:], file=file)\n"


def write_wheel(folder: Path, name: str) -> None:
    """Writes the smallest installable wheel."""
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def make_clone(root: Path) -> Path:
    """A clone with the real start.py and launch, and an application that needs one tiny package."""
    root.mkdir()
    shutil.copy(ROOT / "start.py", root)
    shutil.copytree(ROOT / "launch", root / "launch", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "pyproject.toml").write_text(MINI_PROJECT)
    (root / "constraints.txt").write_text("tiny==1.0\n")
    (root / "workbench" / "shelf").mkdir(parents=True)
    (root / "workbench" / "__init__.py").write_text('__version__ = "9.8.7"\n')
    (root / "workbench" / "__main__.py").write_text(MINI_MAIN)
    (root / "workbench" / "shelf" / "packages.py").write_text(MINI_PACKAGES)
    return root


def start(clone: Path, *arguments: str, before: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Runs the clone's start.py as a person would; `before` is Python that runs ahead of it."""
    script = str(clone / "start.py")
    command = [sys.executable, script, *arguments]
    if before:
        code = f"import runpy, sys; {before}; sys.argv = {[script, *arguments]!r}; sys.path.insert(0, {str(clone)!r})"
        command = [sys.executable, "-c", f"{code}; runpy.run_path({script!r}, run_name='__main__')"]
    return subprocess.run(
        command, cwd=clone, env=os.environ | env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A clone that start.py has set up from a folder of wheels, and the variables that keep it off the network."""
    base = tmp_path_factory.mktemp("a folder with spaces")
    wheels = base / "wheels"
    wheels.mkdir()
    write_wheel(wheels, "tiny")
    clone = make_clone(base / "clone")
    # An empty PATH entry in place of the real one: a uv on this machine is not to be used.
    env = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": wheels.as_uri(),
        "PIP_CONFIG_FILE": os.devnull,
        "PATH": str(base),
    }
    done = start(clone, "demo", "--quick", **env)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "workbench demo --quick\n"
    assert "Making a private Python environment" in done.stderr
    return clone, env


def test_a_second_start_installs_and_fetches_nothing(ready: tuple[Path, dict[str, str]]) -> None:
    clone, env = ready
    log = (clone / "logs" / "setup.log").read_bytes()
    again = start(clone, "demo", **env)
    assert (again.stdout, again.stderr) == ("workbench demo\n", "")
    assert (clone / "logs" / "setup.log").read_bytes() == log
    assert (clone / "fetched").read_text() == "fetch minilm\n"


def test_unknown_words_and_the_command_in_the_environment_reach_the_workbench(
    ready: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    clone, env = ready
    assert (
        start(clone, "train", "my file.csv", "--json", **env).stdout == "workbench train my file.csv --json\n"
    )
    command = Environment(clone).scripts / ("workbench.cmd" if sys.platform == "win32" else "workbench")
    done = subprocess.run([command, "runs"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "workbench runs\n"


def test_a_changed_pin_an_unfinished_set_up_and_a_lost_python_ask_for_repair(
    ready: tuple[Path, dict[str, str]],
) -> None:
    environment = Environment(ready[0])
    assert environment.is_ready(test=False)
    assert not environment.is_ready(test=True), "the tools for tests were never installed"

    constraints = environment.root / "constraints.txt"
    constraints.write_text("tiny==1.1\n")
    assert not environment.is_ready(test=False)
    constraints.write_text("tiny==1.0\n")

    environment.unfinished.touch()
    assert not environment.is_ready(test=False)
    environment.unfinished.unlink()

    stamp = environment.stamp_file.read_text()
    environment.stamp_file.write_text(stamp[: len(stamp) // 2])
    assert not environment.is_ready(test=False), "a torn stamp stamps nothing"
    environment.stamp_file.write_text(stamp)

    hidden = environment.python.rename(environment.python.with_name("hidden"))
    assert not environment.is_ready(test=False)
    hidden.rename(environment.python)
    assert environment.is_ready(test=False)


def test_an_index_out_of_reach_is_one_sentence_and_leaves_what_was_there(
    ready: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clone, env = ready
    for name, value in (env | {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    project = clone / "pyproject.toml"
    project.write_text(MINI_PROJECT.replace("tiny >= 1", "not-there"))
    with pytest.raises(SetUpError, match=r"cannot be reached: connect to the network .* start again"):
        set_up(Environment(clone))
    project.write_text(MINI_PROJECT)
    assert Environment(clone).is_ready(test=False)


def test_cheap_words_set_nothing_up(tmp_path: Path) -> None:
    clone = make_clone(tmp_path / "clone")
    assert start(clone, "--version").stdout == "Model Workbench 9.8.7\n"
    assert "python3 start.py [COMMAND]" in start(clone, "help").stdout
    assert not (clone / ".venv").exists()


def test_old_python_reads_one_sentence(tmp_path: Path) -> None:
    clone = make_clone(tmp_path / "clone")
    done = start(clone, "demo", before="sys.version_info = (3, 9, 1)")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "needs Python 3.11 or newer, and this is Python 3.9: install a newer one" in done.stderr


def test_start_is_written_in_words_that_old_pythons_parse() -> None:
    tree = ast.parse((ROOT / "start.py").read_text(encoding="utf-8"))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match, ast.AsyncFunctionDef, ast.arguments)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
    assert not [
        node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]


def test_python_without_its_venv_module_names_the_remedy(tmp_path: Path) -> None:
    clone = make_clone(tmp_path / "clone")
    done = start(clone, "setup", before="sys.modules['ensurepip'] = None")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "venv module is missing: " in done.stderr.splitlines()[-1]
    assert not (clone / ".venv").exists()
    assert failures.missing_venv((3, 12), debian=True).endswith("sudo apt install python3.12-venv")


def test_a_full_disk_is_noticed_before_anything_is_fetched(tmp_path: Path) -> None:
    failures.check_disk(tmp_path, needed_gb=0)
    with pytest.raises(SetUpError, match=r"needs about 1000000\.0 GB .* GB left: free some space"):
        failures.check_disk(tmp_path, needed_gb=1e6)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can lack a screen")
def test_no_screen_is_one_sentence_with_another_way(tmp_path: Path) -> None:
    clone = make_clone(tmp_path / "clone")
    done = start(clone, before="import os; [os.environ.pop(name, None) for name in "
                               "('DISPLAY', 'WAYLAND_DISPLAY', 'QT_QPA_PLATFORM')]")  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("There is no screen to open the window on: ")


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("OSError: [Errno 28] No space left on device: '/x/torch/lib/libtorch_cpu.so'", "disk became full"),
        (
            "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError('<...>: Failed to "
            "establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/accelerate/\n"
            "ERROR: Could not find a version that satisfies the requirement accelerate (from versions: none)\n"
            "ERROR: No matching distribution found for accelerate",
            "connect to the network",
        ),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "set PIP_CERT"),
        (
            "ERROR: No matching distribution found for torch==2.13.0",
            "No ready-made package of torch==2.13.0 exists",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'",
            "write access",
        ),
        ("ERROR: Something nobody foresaw.", "(Something nobody foresaw): start again"),
        ("", "(the installer ended with code 3): start again"),
    ],
)
def test_a_failed_installation_is_explained_in_one_sentence(log: str, expected: str) -> None:
    sentence = failures.explain_install_failure(log, Path("logs/setup.log"), 3)
    assert expected in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_a_folder_that_cannot_be_written_is_explained() -> None:
    sentence = failures.explain_os_error(PermissionError(13, "Permission denied", "/srv/clone/logs"))
    assert "/srv/clone/logs" in sentence
    assert "write access" in sentence


def test_progress_tells_step_size_and_count(tmp_path: Path) -> None:
    stream = io.StringIO()
    progress = Progress(tmp_path, stream)
    progress.begin("Finding packages")
    progress.read("Collecting torch==2.13.0\n  Downloading torch-2.13.0-cp311-cp311-linux_x86_64.wh")
    progress.read("l (190.4 MB)\nCollecting idna\n  Downloading idna-3.20-py3-none-any.whl (70 kB)\n")
    progress.read("Installing collected packages: torch, idna\n")
    assert progress.unpacking
    (tmp_path / "idna-3.20.dist-info").mkdir()
    progress.last_line = -100.0  # long silence
    progress.tick()
    steps = [re.sub(r"^\[ *\d+ s\] ", "", line) for line in stream.getvalue().splitlines()]
    assert steps == [
        "Finding packages",
        "Fetching torch-2.13.0 (190 MB)",
        "Unpacking 2 packages",
        "Unpacked 1 of 2 packages",
    ]


def test_every_requirement_is_pinned_inside_its_range() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(
        line.lower().replace("_", "-").split("==") for line in lines if line and not line.startswith("#")
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for text in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        requirement = Requirement(text)
        assert pins.get(requirement.name.lower()) in requirement.specifier, text
    assert pins["torch"] == "2.13.0"


def test_the_desktop_entry_names_real_files_and_survives_awkward_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = make_clone(tmp_path / 'my "models" 100% $HOME \\ `x`')
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = shortcut.make_linux(clone, shortcut.applications_folder())
    assert made[0] == tmp_path / "data" / "applications" / "model-workbench.desktop"
    assert all(os.access(file, os.X_OK) for file in made)
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(made[0], encoding="utf-8")
    entry = {key: value.replace("\\\\", "\\") for key, value in parser["Desktop Entry"].items()}
    assert (entry["Type"], entry["Name"], entry["Terminal"]) == ("Application", "Model Workbench", "false")
    # Between double quotes a shell and the specification escape the same four characters.
    python, script = shlex.split(re.sub(r"\\([`$])", r"\1", entry["Exec"].replace("%%", "%")))
    assert Path(python).exists()
    assert Path(script) == clone / "start.py" == Path(entry["TryExec"])
    assert os.access(script, os.X_OK), "a menu hides an entry whose TryExec cannot be executed"
    assert Path(entry["Icon"]).relative_to(clone) == (ICONS / "workbench.svg").relative_to(ROOT)


def test_a_relative_data_home_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "relative/path")
    assert shortcut.applications_folder() == Path.home() / ".local" / "share" / "applications"


def test_the_mac_bundle_starts_start_py(tmp_path: Path) -> None:
    app = shortcut.make_app(ROOT, tmp_path)
    info = plistlib.loads((app / "Contents" / "Info.plist").read_bytes())
    program = app / "Contents" / "MacOS" / info["CFBundleExecutable"]
    assert os.access(program, os.X_OK)
    command = shlex.split(program.read_text(encoding="utf-8").splitlines()[1])
    assert command[0] == "exec"
    assert Path(command[2]) == ROOT / "start.py"
    assert (app / "Contents" / "Resources" / info["CFBundleIconFile"]).stat().st_size > 0


def test_the_windows_link_quotes_paths() -> None:
    script = shortcut.windows_script(
        Path("/o'brien/clone"), Path("/menu/Model Workbench.lnk"), "/py/python.exe"
    )
    assert "$link.TargetPath = '/py/pythonw.exe'" in script
    assert "$link.Arguments = '\"/o''brien/clone/start.py\"'" in script


def test_the_windows_icon_holds_a_picture_of_each_declared_size() -> None:
    data = (ICONS / "workbench.ico").read_bytes()
    count = struct.unpack_from("<HHH", data)[2]
    sizes = []
    for index in range(count):
        width, _, _, _, _, _, length, offset = struct.unpack_from("<BBBBHHII", data, 6 + 16 * index)
        picture = data[offset : offset + length]
        assert picture.startswith(b"\x89PNG")
        assert struct.unpack_from(">II", picture, 16) == (width or 256, width or 256)
        sizes.append(width or 256)
    assert sizes == [16, 24, 32, 48, 64, 128, 256]


@pytest.mark.skipif(sys.platform != "linux", reason="the list of libraries is for Linux")
def test_a_missing_library_is_named_with_its_package() -> None:
    assert libraries.loads("libc.so.6")
    assert not libraries.loads("libno-such-thing.so.9")
    assert "libegl1" in libraries.sentence({"libEGL.so.1": "libegl1"}) or shutil.which("apt-get") is None
