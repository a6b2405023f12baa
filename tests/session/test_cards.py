"""The model card: what it says of a trained part, and that its own lines load what was trained."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.engine.conftest import lm_recipe, recipe, run  # noqa: F401 - fixtures
from workbench.engine.loading import load_tokenizer, load_weights
from workbench.run.recipe import Recipe
from workbench.session.cards import LOADERS
from workbench.tasks import all_tasks

Recipes = Callable[..., Recipe]
TEXT = "rain and sun today"


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _loaded(folder: Path) -> Any:
    """What the card's lines load, run where the card says that they are run."""
    card = (folder / "model" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    names: dict[str, Any] = {}
    with inside(folder):
        exec(code, names)
    return names


def _logits(model: Any, tokenizer: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model.eval()(**tokenizer(TEXT, return_tensors="pt")).logits
    return found


@pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing`:FutureWarning"
)  # peft asks for it by its old name
@pytest.mark.parametrize(
    ("task", "kind", "warns"),
    [("class", "all", ""), ("class", "bottleneck", "Model Workbench"), ("writes", "prefix", "peft")],
)
def test_the_lines_of_a_card_load_what_was_trained(
    task: str, kind: str, warns: str, request: pytest.FixtureRequest
) -> None:
    carry_out = request.getfixturevalue("run")
    make: Recipes = request.getfixturevalue("recipe" if task == "class" else "lm_recipe")
    chosen = make(f"weights.kind={kind}", "training.max_steps=4", "training.learning_rate=0.1")
    folder, _ = carry_out(chosen)
    card = (folder.path / "model" / "README.md").read_text(encoding="utf-8")
    assert ("alone gives the base model" in card) == bool(warns)
    names = _loaded(folder.path)
    import transformers

    auto = getattr(transformers, LOADERS[chosen.task.kind])
    ours = load_weights(auto, folder.model)
    tokenizer = load_tokenizer(folder.model)
    wanted = _logits(ours, tokenizer)
    torch.testing.assert_close(_logits(names["model"], names["tokenizer"]), wanted, rtol=1e-4, atol=1e-4)
    if warns:
        assert f"{warns} adds them" in card
        base = auto.from_pretrained(folder.model)
        assert not torch.allclose(_logits(base, tokenizer), wanted, atol=1e-3)


def test_every_task_has_a_loader() -> None:
    assert set(LOADERS) == set(all_tasks())
