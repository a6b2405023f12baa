"""Questions about rows, and the edits by hand that a run takes along."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import write_tiny_bert
from workbench.data.edits import Edit, Patch
from workbench.data.row_order import Wish
from workbench.data.training_rows import training_rows
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed
from workbench.session import mending
from workbench.session.data import look
from workbench.session.lanes import lone_desk
from workbench.session.preparing import begin, step_context, take_up
from workbench.session.requests import DataRequest


@pytest.fixture
def recipe(tiny_csv: Path, tiny_bert: Path) -> Recipe:
    return changed(changed(Recipe(), "data.train", str(tiny_csv)), "model.source", str(tiny_bert))


def test_problems_are_found_and_gone_after_their_steps(home: Home, recipe: Recipe, tmp_path: Path) -> None:
    lines = Path(recipe.data.train).read_text(encoding="utf-8").splitlines()
    file = tmp_path / "messy.csv"
    file.write_text(
        "\n".join([*lines, *lines[1:4], "<b>rain</b> &amp; wind today,weather"]), encoding="utf-8"
    )
    recipe = changed(recipe, "data.train", str(file))
    looked = mending.look_for_problems(home, DataRequest.of(recipe), lone_desk())
    found = {finding.kind: finding for finding in looked.found}
    assert found["exact-duplicates"].count == 3 and found["html"].count == 1
    steps = tuple(step for kind in ("exact-duplicates", "html") for step in found[kind].fixes[0].steps)
    mended = changed(recipe, "data.steps", tuple(dict(step) for step in steps))
    again = mending.look_for_problems(home, DataRequest.of(mended), lone_desk())
    assert {"exact-duplicates", "html"}.isdisjoint(finding.kind for finding in again.found)
    preview = look(home, DataRequest.of(mended), lone_desk())
    assert preview.mended and preview.mended.frame.rows == preview.table.rows - 3  # type: ignore[union-attr]
    assert preview.sizes and sum(preview.sizes) == preview.mended.frame.rows


def test_rows_are_arranged_and_saved(home: Home, recipe: Recipe, tmp_path: Path) -> None:
    preview = look(home, DataRequest.of(recipe), lone_desk())
    assert preview.mended
    frame = preview.mended.frame
    arranged = mending.arrange(frame, Wish(search="rain"), Patch(), "label", lone_desk())
    texts = frame.column("text")
    assert arranged.order is not None
    assert arranged.order.tolist() == [i for i, text in enumerate(texts) if text and "rain" in text]
    mending.save(frame, tmp_path / "out.csv", lone_desk())
    saved = look(home, DataRequest.of(changed(recipe, "data.train", str(tmp_path / "out.csv"))), lone_desk())
    assert saved.mended and saved.mended.frame.column("text") == texts


def test_a_step_is_tried_before_it_is_taken(home: Home, recipe: Recipe) -> None:
    request = DataRequest.of(recipe)
    preview = look(home, request, lone_desk())
    assert preview.mended
    frame = preview.mended.frame
    rain = sum("rain" in (text or "") for text in frame.column("text"))
    wish = {"kind": "filter-rows", "column": "text", "test": "contains", "value": "rain", "keep": False}
    assert mending.try_step(home, frame, wish, request, lone_desk()).startswith(f"{rain} rows removed")
    made = mending.try_step(home, frame, {"kind": "augment-swap", "words": 0.9}, request, lone_desk())
    assert made.count("→") == 3
    with pytest.raises(WorkbenchError, match="nowhere"):
        mending.try_step(home, frame, {"kind": "strip-html", "columns": ["nowhere"]}, request, lone_desk())


def test_words_are_replaced_by_a_masked_model_in_the_preview_and_in_training(
    home: Home, recipe: Recipe, tmp_path: Path
) -> None:
    """From the recipe to the rows to learn from, with a tiny masked model; one without the head says who has it."""
    import torch
    from transformers import BertConfig, BertForMaskedLM

    masked = write_tiny_bert(tmp_path / "masked")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        BertForMaskedLM(BertConfig.from_pretrained(masked)).save_pretrained(masked)
    step = {"kind": "augment-mask", "words": 0.5, "rows": 0.25}
    with_step = changed(recipe, "data.steps", [step])
    chosen = changed(with_step, "model.source", str(masked))
    preview = look(home, DataRequest.of(chosen), lone_desk())
    assert preview.mended
    told = mending.try_step(home, preview.mended.frame, step, DataRequest.of(chosen), lone_desk())
    assert told.count("→") == 3
    rows = [
        training_rows(chosen.data, step_context(chosen, home), lambda source, _: Path(source)).train
        for _ in range(2)
    ]
    copies = rows[0].column("text")[len(set(rows[0].origin.tolist())) :]
    assert 10 < len(copies) < 60 and rows[0].column("text") == rows[1].column("text")
    assert not set(copies) & set(preview.mended.frame.column("text"))
    for ask in (
        lambda: mending.try_step(home, preview.mended.frame, step, DataRequest.of(with_step), lone_desk()),  # type: ignore[union-attr]
        lambda: step_context(with_step, home),
    ):
        with pytest.raises(WorkbenchError, match="ForMaskedLM"):
            ask()


def test_tokens_are_pieces_of_the_text(home: Home, recipe: Recipe) -> None:
    text = "rain and bread"
    assert "".join(mending.tokens_of(home, recipe.model.source, text, lone_desk())) == text.replace(" ", "")
    with pytest.raises(WorkbenchError, match="tokens"):
        mending.tokens_of(home, "not/here", text, lone_desk())


def test_a_run_keeps_the_edits_that_it_began_with(home: Home, recipe: Recipe, tmp_path: Path) -> None:
    preview = look(home, DataRequest.of(recipe), lone_desk())
    assert preview.untouched
    frame = preview.untouched
    key, text = int(frame.keys[0]), frame.column("text")[0]
    file = mending.edits_file(home, preview.path)
    patch = Patch().with_edit(Edit(key, "text", text, "quite another text")).with_dropped(int(frame.keys[1]))
    mending.keep_edits(home, file, patch)
    recipe = changed(recipe, "data.patch", str(file))
    edited = look(home, DataRequest.of(recipe), lone_desk())
    assert edited.mended and edited.mended.frame.rows == frame.rows - 1
    prepared = begin(home, recipe)
    trained = {*prepared.rows.content.train.texts, *prepared.rows.content.validation.texts}
    assert "quite another text" in trained and text not in trained
    file.unlink()  # what happens to the edits afterwards is no business of the run
    moved = Home(tmp_path / "elsewhere")
    shutil.copytree(home.runs, moved.runs)
    folder = type(prepared.folder)(moved.runs / prepared.folder.name)
    shutil.rmtree(home.runs)
    again = take_up(folder, moved)
    assert again.rows.content == prepared.rows.content
