"""Which tokens of a conversation are learned: the answers with their ends, in any template; and templates that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.data.chat import Message
from workbench.engine import chat_template
from workbench.engine.chat_template import TemplateError, counted_tokens, give_template, marked, render
from workbench.engine.loading import load_tokenizer

TURNS: list[Message] = [
    {"role": "user", "content": "One or two?"},
    {"role": "assistant", "content": "One."},
    {"role": "user", "content": "Why One.?"},
    {"role": "assistant", "content": "Schön 好."},
]
BRACKETS = (
    "{% for m in messages %}{{ '[' + m['role'] + ']' + m['content'] + '<end>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '[assistant]' }}{% endif %}"
)
#: Asks for thoughts that no earlier answer has.
THINKS = BRACKETS.replace("'[assistant]'", "'[assistant]<think>'")
#: Closes only the last turn.
CLOSES_LAST = BRACKETS.replace("+ '<end>\\n'", "+ ('<end>' if loop.last else '\\n')")
#: Knows no system turn.
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + BRACKETS
#: Leaves the thoughts of earlier answers out.
FORGETS = BRACKETS.replace(
    "m['content']", "(m['content'] if loop.last else m['content'].split('</think>')[-1])"
)


@pytest.fixture
def tokenizer(tiny_llama: Path) -> Any:
    found = load_tokenizer(tiny_llama)
    found.chat_template = BRACKETS
    return found


def learned(tokenizer: Any, turns: list[Message], system: str = "") -> list[str]:
    """The stretches that are learned."""
    parts, before = [""], False
    for piece, counts in counted_tokens(tokenizer, turns, system=system):
        if counts:
            parts[-1] += piece
        elif before:
            parts.append("")
        before = counts
    return [part for part in parts if part]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (BRACKETS, ["One.<end>", "Schön 好.<end>"]),
        (THINKS, ["One.<end>", "Schön 好.<end>"]),
        (NO_SYSTEM, ["One.<end>", "Schön 好.<end>"]),
        (FORGETS, ["One.<end>", "Schön 好.<end>"]),
        (CLOSES_LAST, ["One.", "Schön 好.<end>"]),
    ],
)
def test_answers_and_their_ends_are_learned_and_nothing_else(
    tokenizer: Any, template: str, expected: list[str]
) -> None:
    tokenizer.chat_template = template
    assert [part.rstrip("\n") for part in learned(tokenizer, TURNS)] == expected


def test_an_earlier_answer_whose_thoughts_are_left_out_is_learned_without_them(tokenizer: Any) -> None:
    tokenizer.chat_template = FORGETS
    turns: list[Message] = [TURNS[0], {"role": "assistant", "content": "<think>hm</think>One."}, *TURNS[2:]]
    assert learned(tokenizer, turns) == ["One.<end>", "Schön 好.<end>"]


def test_the_pieces_of_the_preview_are_the_text(tokenizer: Any) -> None:
    pieces = counted_tokens(tokenizer, TURNS, system="Be brief.")
    turns: list[Message] = [{"role": "system", "content": "Be brief."}, *TURNS]
    assert "".join(piece for piece, _ in pieces) == render(tokenizer, turns)
    found = marked(tokenizer, TURNS, system="Be brief.")
    assert [counts for _, counts in pieces] == found.counts.tolist() and len(found.ids) == len(pieces)


def test_a_system_turn_that_the_template_refuses_goes_to_the_first_question(tokenizer: Any) -> None:
    tokenizer.chat_template = NO_SYSTEM
    text = "".join(piece for piece, _ in counted_tokens(tokenizer, TURNS, system="Be brief."))
    assert text.startswith("[user]Be brief.\n\nOne or two?")
    assert learned(tokenizer, TURNS, "Be brief.") == ["One.<end>", "Schön 好.<end>"]


def test_a_system_prompt_does_not_replace_the_conversations_own(tokenizer: Any) -> None:
    own: list[Message] = [{"role": "system", "content": "Sing."}, *TURNS]
    assert np.array_equal(marked(tokenizer, own, system="Be brief.").ids, marked(tokenizer, own).ids)


def test_the_prompt_of_training_is_the_prompt_of_asking(tokenizer: Any) -> None:
    ids, counts = marked(tokenizer, TURNS[:2])
    asked = tokenizer(render(tokenizer, TURNS[:1], asks=True), add_special_tokens=False)["input_ids"]
    assert ids[: int(counts.argmax())].tolist() == asked


def test_a_model_without_a_template_gets_a_plain_one_that_ends_answers(tokenizer: Any) -> None:
    tokenizer.chat_template = None
    assert "saved with the model" in give_template(tokenizer, "model")
    assert learned(tokenizer, TURNS) == [" One.<end>", " Schön 好.<end>"]


def test_the_models_own_template_is_kept_unless_the_plain_one_is_wanted(tokenizer: Any) -> None:
    assert give_template(tokenizer, "model") == "" and tokenizer.chat_template == BRACKETS
    assert "put aside" in give_template(tokenizer, "plain") and tokenizer.chat_template != BRACKETS


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ messages.__class__.__mro__ }}", "unsafe"),
        ("{{ raise_exception('only poems') }}", "only poems"),
        ("{% for m in messages %}{% endfor %}", "leaves out turn 2"),
        ("{% for", "It says"),
    ],
)
def test_a_template_that_cannot_write_says_why(tokenizer: Any, template: str, words: str) -> None:
    tokenizer.chat_template = template
    with pytest.raises(TemplateError, match=words):
        counted_tokens(tokenizer, TURNS)


def test_a_template_that_loops_for_ever_is_ended(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_template, "SECONDS", 0.1)
    tokenizer.chat_template = (
        "{% for a in range(99999) %}{% for b in range(99999) %}{% set c = b %}{% endfor %}{% endfor %}"
    )
    with pytest.raises(TemplateError, match="did not come to an end"):
        counted_tokens(tokenizer, TURNS)
