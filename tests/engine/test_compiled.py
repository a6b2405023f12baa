"""torch.compile is an option that is taken only where it pays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from tests.engine.conftest import Run
from workbench.engine.methods.compiled import GAIN, SECONDS, Compiled, worthwhile
from workbench.run.events import Ended, Started, Step
from workbench.run.recipe import Recipe


def test_only_a_long_run_on_a_gpu_is_compiled_by_itself() -> None:
    gpu, cpu = torch.device("cuda"), torch.device("cpu")
    even = SECONDS / GAIN
    assert worthwhile(gpu, 1.1 * even) and not worthwhile(gpu, 0.9 * even)
    assert not worthwhile(cpu, 1e9) and not worthwhile(gpu, 0.0)


def test_the_recipe_decides(recipe: Callable[..., Recipe]) -> None:
    assert Compiled.wanted(recipe("training.compile=on"))
    assert not Compiled.wanted(recipe("training.compile=off"))
    assert Compiled.wanted(recipe()) == torch.cuda.is_available()


@pytest.mark.heavy
@pytest.mark.timeout(1800)  # the CPU's compiler takes minutes
@pytest.mark.filterwarnings("default")  # the compiler warns of itself
def test_a_compiled_run_learns_the_same_and_says_what_it_cannot_promise(
    run: Run, recipe: Callable[..., Recipe]
) -> None:
    plain = ("regularisation.dropout=0", "training.precision=fp32", "training.max_steps=4")
    _, expected = run(recipe(*plain))
    _, events = run(recipe(*plain, "training.compile=on"))
    assert isinstance(events[-1], Ended) and events[-1].status == "finished", events[-1].problem
    started = next(event for event in events if isinstance(event, Started))
    assert any("compiled" in label for label in started.labels)
    left, right = ([e.loss for e in found if isinstance(e, Step)] for found in (expected, events))
    assert right == pytest.approx(left, rel=1e-3)
