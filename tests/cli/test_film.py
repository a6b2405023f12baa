"""`workbench film` on a real run of a tiny model."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.cli.conftest import Cli


def test_film_writes_a_gif_and_frames_and_tells_what_they_show(
    cli: Cli, trained: Path, tmp_path: Path
) -> None:
    gif, folder = tmp_path / "film.gif", tmp_path / "frames"
    said = cli("film", "topics", "-o", gif, "--frames", folder, "--home", trained, "--json")
    assert said.code == 0
    frames = said.json["frames"]
    assert frames[0]["step"] == 0 and len(said.json["sentences"]) == 3
    assert frames[-1]["loss"] < frames[0]["loss"]
    with Image.open(gif) as film:
        assert film.format == "GIF" and film.n_frames == len(frames)
        first = film.convert("RGB").tobytes()
        film.seek(len(frames) - 1)
        assert film.convert("RGB").tobytes() != first
    assert sorted(file.name for file in folder.iterdir()) == [f"step-{f['step']:06d}.png" for f in frames]
    said = cli("film", "topics", "--sentence", "2", "--home", trained)
    assert said.code == 0 and "> 2. " in said.out and "of the training time" in said.out


def test_film_says_what_is_wrong(cli: Cli, trained: Path, tmp_path: Path) -> None:
    for arguments, words in (
        (("--sentence", "7"), "no pinned sentence 7"),
        (("--sentence", "x"), "a number from 1"),
        (("-o", tmp_path / "nowhere" / "film.gif"), "cannot be written"),
    ):
        said = cli("film", "topics", *arguments, "--home", trained)
        assert said.code == 2 and words in said.err


def test_the_report_shows_some_frames(trained: Path) -> None:
    [run] = (trained / "runs").iterdir()
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Training film" in page and "at step 0 on:" in page
