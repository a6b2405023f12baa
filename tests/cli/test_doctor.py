"""The doctor reaches the end and says what helps."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Cli


def test_the_doctor_names_versions_device_and_models(cli: Cli) -> None:
    said = cli("doctor", "--json")
    checks = {check["name"]: check for check in said.json["checks"]}
    assert {"Python", "torch", "PySide6-Essentials", "device", "memory", "disk", "window", "fonts"} <= set(
        checks
    )
    assert {"model minilm", "model smollm2", "data sets"} <= set(checks)
    assert all(check["remedy"] for check in checks.values() if check["state"] != "good")
    missing = any(check["state"] == "missing" for check in checks.values())
    assert (said.code, said.json["well"]) == (int(missing), not missing)


def test_a_home_that_cannot_be_written_is_found(cli: Cli, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    said = cli("doctor", "--home", blocked / "home")
    assert said.code == 1
    assert "Missing: home" in said.out
    assert "WORKBENCH_HOME" in said.out
