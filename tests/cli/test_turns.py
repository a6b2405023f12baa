"""The command line shows a conversation with the tokens that are learned."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Cli, settings


def test_a_conversation_is_shown_with_what_is_learned(cli: Cli, tiny_llama: Path, tmp_path: Path) -> None:
    data = tmp_path / "a.csv"
    data.write_text("question,answer\nHow much?,Two.\nHow many?,Three.\n", encoding="utf-8")
    chosen = settings(f"model.source={tiny_llama}", "chat.system=Be brief.")
    said = cli("turns", data, "--row", "2", *chosen)
    assert said.code == 0
    assert said.out.startswith("Be brief.\n\nUser: How many?\nAssistant:« Three.<end>»")
    answer = cli("turns", data, *chosen, "--json").json
    learned = [text for text, counts in zip(answer["tokens"], answer["learned"], strict=True) if counts]
    assert "".join(learned) == " Two.<end>"
    wrong = cli("turns", data, "--row", "3", *chosen)
    assert wrong.code == 2 and "There is no row 3" in wrong.err
