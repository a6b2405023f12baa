"""A conversation as JSON Lines, Markdown and a command that gives the same answer."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from workbench.cli.main import main
from workbench.data.tables import read_table
from workbench.run.generation import GenerationSettings
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.session import inspection
from workbench.session.conversation import Talk
from workbench.session.lanes import lone_desk
from workbench.session.requests import GenerationRequest
from workbench.session.talk_export import Told, command_line, write_talk

SETTINGS = GenerationSettings(temperature=0.8, max_new_tokens=6, stop="\n\n|it's", seed=3)


@pytest.fixture
def talk(home: Home, tiny_llama: Path) -> Talk:
    """Two turns with a tiny model."""
    talk = Talk()
    for prompt in ("it's raining", "and -- $HOME?"):
        asked = GenerationRequest(str(tiny_llama), prompt, SETTINGS, talk.messages(system="Be brief."))
        version = talk.add(talk.end(), asked, "Tiny")
        version.answer.end(inspection.generate(home, asked, lone_desk())[0])
    return talk


def test_the_files_hold_what_was_said(talk: Talk, tmp_path: Path) -> None:
    lines, words = tmp_path / "talk.jsonl", tmp_path / "talk.md"
    told = (Told("Tiny", talk, "Be brief."), Told("Silent", Talk()))
    write_talk(told, lines)
    write_talk(told, words)
    [line] = map(json.loads, lines.read_text(encoding="utf-8").splitlines())
    assert [turn["role"] for turn in line["messages"]] == ["system", *["user", "assistant"] * 2]
    assert line["messages"][1]["content"] == "it's raining" and line["settings"][0]["seed"] == 3
    assert read_table(lines).rows == 1
    page = words.read_text(encoding="utf-8")
    assert page.count("**You**") == 2 and "# Tiny" in page and "Silent" not in page
    with pytest.raises(WorkbenchError, match=r"talk\.txt"):
        write_talk(told, tmp_path / "talk.txt")


def test_the_command_gives_the_same_answer(
    talk: Talk, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    last = talk.path()[-1].version
    words = shlex.split(command_line(last.asked))
    assert words[:2] == ["workbench", "generate"] and "top_p" not in " ".join(words)
    assert main([*words[1:], "--json", "--home", str(home.root)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["text"] == last.answer.text and said["settings"] == SETTINGS.model_dump()
