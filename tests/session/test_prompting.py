"""Several models on one prompt, a closer look at an answer's tokens, and many prompts, as the window asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.run.generation import GenerationSettings
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.results import GeneratedToken
from workbench.session import inspection
from workbench.session.inside.perplexity import ScoreRequest, score
from workbench.session.lanes import lone_desk
from workbench.session.prompting import (
    Answered,
    BatchRequest,
    ChoicesRequest,
    SideBySideRequest,
    SideToken,
    answer_all,
    look_at_choices,
    side_by_side,
)
from workbench.session.requests import GenerationRequest

SETTINGS = GenerationSettings(temperature=1.0, max_new_tokens=8, seed=3)


def test_models_side_by_side_answer_as_each_does_alone(home: Home, tiny_llama: Path, tiny_bert: Path) -> None:
    asked = GenerationRequest("", "hello", SETTINGS)
    heard: list[SideToken] = []
    models = (str(tiny_llama), str(tiny_bert), str(tiny_llama))
    sides = side_by_side(home, SideBySideRequest(models, asked), lone_desk(heard.append))
    alone = inspection.generate(home, GenerationRequest(models[0], "hello", SETTINGS), lone_desk())
    assert [side.model for side in sides] == list(models)
    assert sides[0].answers[0].tokens == sides[2].answers[0].tokens == alone[0].tokens
    assert sides[1].problem is not None and "cannot write" in sides[1].problem.title
    for number in (0, 2):
        streamed = [t.said.id for t in heard if t.side == number and isinstance(t.said, GeneratedToken)]
        assert streamed == list(alone[0].tokens)


def test_too_many_models_are_refused(home: Home) -> None:
    with pytest.raises(WorkbenchError, match="5 models"):
        side_by_side(home, SideBySideRequest(("a",) * 5, GenerationRequest("", "hello")), lone_desk())


def test_choices_of_an_answer_and_taking_another_one(home: Home, tiny_llama: Path) -> None:
    asked = GenerationRequest(str(tiny_llama), "hello", SETTINGS)
    written = inspection.generate(home, asked, lone_desk())[0]
    found = look_at_choices(home, ChoicesRequest(asked, written.tokens, 2, 4), lone_desk())
    assert found.first == 2 and found.tokens.tolist() == list(written.tokens[2:4])
    assert found.after == pytest.approx(written.probabilities[2:4], abs=1e-5)
    other = (*written.tokens[:2], int(found.other[0, 5]))
    branch = GenerationRequest(str(tiny_llama), "hello", SETTINGS, begun=other)
    assert inspection.generate(home, branch, lone_desk())[0].tokens[:3] == other
    with pytest.raises(WorkbenchError, match="no token"):
        look_at_choices(home, ChoicesRequest(asked, written.tokens, 100), lone_desk())


def test_a_batch_answers_every_row_and_goes_on_after_an_empty_one(home: Home, tiny_llama: Path) -> None:
    heard: list[object] = []
    request = BatchRequest(str(tiny_llama), ("hello", "  ", "good day"), SETTINGS, first=7)
    found = answer_all(home, request, lone_desk(heard.append))
    assert [answered.row for answered in found] == [7, 8, 9]
    assert found[1].problem is not None and "empty" in found[1].problem.title
    alone = inspection.generate(home, GenerationRequest(str(tiny_llama), "good day", SETTINGS), lone_desk())
    assert found[2].answers[0].tokens == alone[0].tokens
    assert [answered for answered in heard if isinstance(answered, Answered)] == list(found)


def test_a_text_is_scored_by_two_models(home: Home, tiny_llama: Path) -> None:
    found = score(home, ScoreRequest(str(tiny_llama), "a storm", str(tiny_llama)), lone_desk())
    assert found.same_tokens and found.gain is not None and not found.gain[1:].any()


def test_a_model_that_does_not_fit_is_said_plainly(
    home: Home, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is free is made up: no test may fill a machine's memory."""
    weights = sorted(tiny_llama.glob("*.safetensors"))
    assert inspection.float32_bytes(weights) == pytest.approx(
        sum(f.stat().st_size for f in weights), rel=0.05
    )
    monkeypatch.setattr("workbench.engine.devices.usable_memory", lambda device: 0)
    monkeypatch.setattr(inspection, "_kept", {})
    with pytest.raises(WorkbenchError, match="does not fit into memory"):
        inspection.generate(home, GenerationRequest(str(tiny_llama), "hello", SETTINGS), lone_desk())
