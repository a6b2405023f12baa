"""The training film: it changes nothing, it is whole after a resume, and it may fail without harm."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, rmtree

import numpy as np
import pytest

from tests.engine.conftest import Run, StopAfter, quick_recipe
from tests.engine.saving import sums
from workbench.engine.loading import load_for_use
from workbench.run.events import Ended, Event, Notice, Step
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.inside.film import Reel, levels_of, read_frames, read_probes, read_reel, weights_of
from workbench.run.inside.film_pace import Pace
from workbench.run.recipe import Recipe
from workbench.session import training

Recipes = Callable[..., Recipe]
#: Frames whatever they cost: a step of a tiny model takes less time than looking at it.
ALL = ("film.on=true", "film.frames=6", "film.budget=100", "training.checkpoint_every=3")


Filmed = tuple[RunFolder, list[Event]]


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path, tiny_csv: Path) -> Filmed:
    """One filmed run, which no test changes."""
    home = Home(tmp_path_factory.mktemp("filmed") / "home")
    prepared = training.begin(home, quick_recipe(tiny_bert, tiny_csv, *ALL))
    return prepared.folder, list(training.carry_out(prepared, training.Control()))


def reel_of(folder: RunFolder, probe: int = 0) -> Reel:
    reel = read_reel(folder.path, probe)
    assert reel is not None
    return reel


def test_a_filmed_run_equals_one_without_a_film_to_the_bit(filmed: Filmed, recipe: Recipes, run: Run) -> None:
    folder, events = filmed
    plain, others = run(recipe("training.checkpoint_every=3"))
    assert len(read_frames(folder.path)) > 6 and not (plain.path / "film").exists()
    losses = [(e.step, e.loss, e.gradient_norm) for e in events if isinstance(e, Step)]
    assert losses == [(e.step, e.loss, e.gradient_norm) for e in others if isinstance(e, Step)]
    for one, other in ((folder.model, plain.model), (folder.checkpoints, plain.checkpoints)):
        assert sums_of_weights(one) == sums_of_weights(other)
    assert isinstance(events[-1], Ended) and isinstance(others[-1], Ended)
    assert events[-1].metrics == others[-1].metrics


def sums_of_weights(folder: Path) -> dict[str, str]:
    return {name: value for name, value in sums(folder).items() if name.endswith(".safetensors")}


def test_the_film_is_what_the_attention_page_shows_of_the_saved_model(filmed: Filmed) -> None:
    import torch

    from workbench.engine.attention import attention_maps

    folder, _ = filmed
    reel = reel_of(folder)
    last = folder.checkpoint_folders()[-1]
    assert int(last.name.removeprefix("step-")) == reel.frames[-1].step
    maps = attention_maps(load_for_use(last / "model", "last", torch.device("cpu")), reel.pinned.text)
    assert reel.tokens() == maps.tokens
    np.testing.assert_allclose(reel.weights(-1), maps.weights, atol=0.004)
    said = reel.said(len(reel.frames) - 1)
    assert [name for name, _ in said.prediction] == [name for name, _ in maps.prediction]
    assert said.loss == pytest.approx(-math.log(dict(maps.prediction)[reel.pinned.label]), rel=1e-3)


def test_a_resumed_run_goes_on_with_its_film_without_doubled_frames(
    filmed: Filmed, recipe: Recipes, run: Run
) -> None:
    whole, _ = filmed
    cut, _ = run(recipe(*ALL), StopAfter(5))
    rmtree(cut.checkpoint_folders()[-1])  # so that the film is ahead of the checkpoint, as after a crash
    before = reel_of(cut)
    assert read_reel(cut.path, 0, before) is before
    assert before.frames[-1].step > int(cut.checkpoint_folders()[-1].name.removeprefix("step-"))
    list(training.carry_out(training.reopen(cut), training.Control()))
    one, other = reel_of(whole), reel_of(cut)
    grown = read_reel(cut.path, 0, before)  # what had been read of it before it was resumed
    assert grown is not None
    np.testing.assert_array_equal(grown.levels, other.levels)
    assert [frame.step for frame in other.frames] == [frame.step for frame in one.frames]
    assert [frame.said for frame in other.frames] == [frame.said for frame in one.frames]
    np.testing.assert_array_equal(other.levels, one.levels)
    assert sorted(file.name for file in (cut.path / "film").glob("frame-*")) == sorted(
        file.name for file in (whole.path / "film").glob("frame-*")
    )


def test_a_torn_film_is_read_up_to_the_damage(filmed: Filmed, tmp_path: Path) -> None:
    folder = RunFolder(copytree(filmed[0].path, tmp_path / "torn"))
    before = reel_of(folder)
    film = folder.path / "film"
    with (film / "index.jsonl").open("a") as index:
        index.write('{"step": 99, "epo')
    assert [f.step for f in reel_of(folder).frames] == [f.step for f in before.frames]
    file = film / f"frame-{before.frames[-1].step:06d}.npz"
    file.write_bytes(file.read_bytes()[:100])
    (film / f"frame-{before.frames[-2].step:06d}.npz").unlink()
    left = reel_of(folder)
    assert left.frames == before.frames[:-2]
    np.testing.assert_array_equal(left.levels, before.levels[:-2])


def test_filming_that_fails_is_said_once_and_the_run_ends_well(recipe: Recipes, home: Home) -> None:
    class InTheWay(training.Control):
        """Puts a file where the film has to be, as soon as the training has begun."""

        def between_steps(self, live: object) -> None:
            film = prepared.folder.path / "film"
            if film.is_dir():
                rmtree(film)
                film.write_text("in the way")

    prepared = training.begin(home, recipe(*ALL))
    events = list(training.carry_out(prepared, InTheWay()))
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    said = [event.text for event in events if isinstance(event, Notice) and "film" in event.text]
    assert len(said) == 1 and said[0].startswith("The film of this run ends here")


def test_sentences_of_one_s_own_are_filmed(recipe: Recipes, run: Run) -> None:
    folder, _ = run(recipe("film.on=true", "film.probes=rain and snow today | bread", "training.max_steps=2"))
    assert [probe.text for probe in read_probes(folder.path)] == ["rain and snow today", "bread"]
    reel = reel_of(folder, 1)
    assert reel.pinned.tokens == ("[CLS]", "bread", "[SEP]") and reel.pinned.label == ""
    assert all(math.isnan(frame.said[1].loss) for frame in reel.frames)


def test_short_rows_of_different_classes_are_chosen_and_always_the_same(
    recipe: Recipes, run: Run, home: Home
) -> None:
    wanted = recipe("film.on=true", "training.max_steps=1")
    one, two = (read_probes(run(wanted)[0].path) for _ in range(2))
    assert one == two
    assert {probe.label for probe in one} == {"weather", "kitchen", "travel"}
    held_out = training.begin(home, wanted).rows.content.validation.texts
    assert all(probe.text in held_out for probe in one)


def test_a_language_model_is_filmed_with_its_next_tokens(lm_recipe: Recipes, run: Run) -> None:
    folder, _ = run(lm_recipe("film.on=true", "film.budget=100"))
    reel = reel_of(folder)
    assert reel.pinned.causal
    assert not reel.levels[..., *np.triu_indices(reel.levels.shape[-1], 1)].any()
    losses = [frame.said[0].loss for frame in reel.frames]
    assert losses[-1] < losses[0] == pytest.approx(math.log(258), rel=0.1)
    assert len(reel.said(0).prediction) == 5


def test_weights_survive_as_bytes_and_no_strong_one_is_lost() -> None:
    chance = np.random.default_rng(0)
    maps = chance.dirichlet(np.full(20, 0.2), size=(2, 3, 20)).astype(np.float32)
    levels, top = levels_of(maps)
    assert levels.shape == maps.shape
    large = maps > 0.01 * top
    np.testing.assert_allclose(weights_of(levels, top)[large], maps[large], rtol=0.041)
    wide = np.zeros((1, 1, 100, 100), np.float32)
    wide[0, 0, 77, 3] = 1.0
    levels, _ = levels_of(wide)
    assert levels.shape == (1, 1, 32, 32) and (levels == 255).sum() == 1


@pytest.mark.parametrize(("step_seconds", "cost"), [(0.3, 0.04), (0.05, 0.02), (0.05, 0.2), (1.0, 0.01)])
def test_frames_stay_within_the_budget_and_come_close_together_at_first(
    step_seconds: float, cost: float
) -> None:
    total = 2000
    pace, trained, steps = Pace(total, 120, 0.03), 0.0, list[int]()
    for step in range(total + 1):
        trained += step_seconds * (4 if step == 1 else 1) if step else 0.0  # the first one warms up
        if pace.due(step, trained, measured=step % 250 == 0):
            pace.took(step, cost)
            steps.append(step)
    assert pace.spent < 0.03 * trained
    assert steps[0] == 0 and steps[-1] == total
    assert len(steps) > min(100, 0.5 * 0.03 * trained / cost)
    if len(steps) > 20:  # fewer only come at the measurements
        gaps = np.diff(steps)
        assert gaps[:3].mean() < gaps[len(gaps) // 2 :].mean()
