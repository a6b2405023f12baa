"""The report and the model card of a real run of each task, written anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import yaml  # type: ignore[import-untyped]

from tests.engine.conftest import Run
from workbench.run.home import Home
from workbench.run.recipe import Recipe
from workbench.session.cards import PIPELINES
from workbench.session.lanes import lone_desk
from workbench.session.report_numbers import shown
from workbench.session.reporting import write_anew
from workbench.session.scoring.answers import answer_losses, numbers_of_answers

#: The fixture that makes each task's recipe, and words that its report has beside those of every report.
KINDS = {
    "multi-label": (
        "multi_label_recipe",
        ("One by one", "best from", "with the highest loss", "95 % interval"),
    ),
    "regression": ("regression_recipe", ("One by one", "R²", "with the highest loss", "95 % interval")),
    "token-classification": (
        "tagged_recipe",
        ("One by one", "marked", "with the highest loss", "95 % interval"),
    ),
    "causal-lm": ("lm_recipe", ("perplexity", "Samples")),
    "masked-lm": ("masked_recipe", ("perplexity",)),
    "chat": ("chat_recipe", ("perplexity", "with the highest loss", "expected answer", "95 % interval")),
    "preference": ("preference_recipe", ("margin", "with the highest loss", "expected answer")),
    "seq2seq": (
        "seq2seq_recipe",
        ("perplexity", "with the highest loss", "expected answer", "95 % interval"),
    ),
}
ALWAYS = (
    "How good it is", "What was asked", "Fingerprint", "How it went", "The recipe", "Where it ran",
    "Time and energy", "Load the model",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")  # of libraries, about heads that are made anew
def test_the_report_of_each_task_has_its_numbers_and_rows(
    kind: str, request: pytest.FixtureRequest, run: Run, home: Home
) -> None:
    fixture, words = KINDS[kind]
    make: Callable[..., Recipe] = request.getfixturevalue(fixture)
    folder, _ = run(make("training.max_steps=2"))
    written = write_anew(home, folder, lone_desk())
    assert not written.missing
    html = written.path.read_text(encoding="utf-8")
    assert [word for word in (*ALWAYS, *words) if word not in html] == []
    measured = folder.history().best_evaluation
    assert measured is not None
    if kind == "preference":  # its loss is not that of the answers, which its rows are listed by
        assert f"<b>{shown('loss', measured.metrics['loss'])}</b>" in html
    card = (folder.model / "README.md").read_text(encoding="utf-8")
    told = yaml.safe_load(card.split("---")[1])
    assert told["pipeline_tag"] == PIPELINES[kind] and told["model-index"][0]["results"][0]["metrics"]


def test_an_answer_s_loss_is_that_of_the_measurement_in_training(
    chat_recipe: Callable[..., Recipe], run: Run, home: Home
) -> None:
    folder, _ = run(chat_recipe("training.max_steps=2"))
    found = answer_losses(home, folder, lone_desk())
    assert found is not None and len(found.sums) == found.of == len(found.answers)
    measured = folder.history().best_evaluation
    assert measured is not None
    numbers = numbers_of_answers(found)
    assert numbers["loss"].value == pytest.approx(measured.metrics["loss"], rel=1e-3)
    assert numbers["perplexity"].value == pytest.approx(np.exp(numbers["loss"].value))
    for one in numbers.values():
        assert one.low is not None and one.high is not None and one.low < one.value < one.high
    few = answer_losses(home, folder, lone_desk(), most=3)
    assert few is not None and len(few.sums) == 3 and np.allclose(few.sums, found.sums[few.rows], rtol=1e-4)
