"""Census and search through the session: on a model whose heads are set by hand, and on a run with checkpoints."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import write_tiny_bert
from workbench.run.home import Home
from workbench.run.inside.links import Found
from workbench.run.problem import WorkbenchError
from workbench.run.recipe_files import parse_recipe
from workbench.session import training
from workbench.session.inside.census import CensusRequest, take_census
from workbench.session.inside.held_out import held_out_texts
from workbench.session.inside.search import SearchRequest, search
from workbench.session.lanes import Desk, JobCancelled, Mailbox, Ticket, lone_desk

TEXT = "the old rain saw the new road and the storm"


def planted(folder: Path) -> Path:
    """A BERT of one layer whose three heads look at the previous token, at the token itself, and at the first one.

    Tokens are nothing but their places: place p is the p-th unit vector, which the queries move and the keys keep.
    """
    import torch
    from transformers import BertConfig, BertModel

    write_tiny_bert(folder)
    places = 16
    config = BertConfig(
        vocab_size=64, hidden_size=3 * places, num_hidden_layers=1, num_attention_heads=3, intermediate_size=8,
        max_position_embeddings=places, pad_token_id=0,
    )  # fmt: skip
    model = BertModel(config)
    with torch.no_grad():
        for table in (model.embeddings.word_embeddings, model.embeddings.token_type_embeddings):
            table.weight.zero_()
        model.embeddings.position_embeddings.weight.copy_(torch.eye(places, 3 * places))
        one = torch.eye(places, 3 * places)
        before = torch.zeros(places, 3 * places)
        before[:, 1:places] = torch.eye(places)[:, : places - 1]
        attention = model.encoder.layer[0].attention.self
        attention.key.weight.copy_(one.repeat(3, 1))
        attention.query.weight.copy_(torch.cat([before, one, torch.zeros_like(one)]))
        attention.key.bias.zero_()
        attention.query.bias.zero_()
        attention.query.bias[2 * places] = 20.0
    model.save_pretrained(folder)
    return folder


def test_heads_set_by_hand_are_classified_right(home: Home, tmp_path: Path) -> None:
    taken = take_census(home, CensusRequest(str(planted(tmp_path / "planted")), (TEXT,)), lone_desk(print))
    assert [taken.kind(0, head).key for head in range(3)] == ["previous", "self", "first"]
    scores = [taken.facts(0, head).score for head in range(3)]
    assert min(scores) > 0.9
    assert taken.offset[0, 1] == pytest.approx(0, abs=0.1) and taken.offset[0, 0] == pytest.approx(
        -1, abs=0.1
    )
    links = search(home, SearchRequest(str(tmp_path / "planted"), "rain", "old", TEXT), lone_desk(print))
    assert (links.hits[0].layer, links.hits[0].head, links.hits[0].kind) == (0, 0, "previous")
    assert links.hits[0].weight > 0.9 > links.hits[1].weight


@pytest.fixture(scope="module")
def run_home(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path, tiny_csv: Path) -> Home:
    """A home with a run of two checkpoints."""
    home = Home(tmp_path_factory.mktemp("run"))
    recipe = parse_recipe(
        {
            "name": "topics",
            "model": {"source": str(tiny_bert)},
            "data": {"train": str(tiny_csv)},
            "film": {"on": False},
            "training": {"epochs": 2, "batch_size": 27, "checkpoint_every": 4, "device": "cpu"},
        }
    )
    prepared = dataclasses.replace(training.begin(home, recipe), fits=True)
    list(training.carry_out(prepared, training.Control()))
    return home


def test_held_out_examples_are_those_that_the_run_held_out(run_home: Home) -> None:
    texts = held_out_texts(run_home, "topics")
    assert len(texts) == 12  # a tenth of 120 rows
    assert held_out_texts(run_home, "topics", 3) == texts[:3]


def test_a_census_over_held_out_examples_reads_each_of_them(run_home: Home) -> None:
    said: list[object] = []
    taken = take_census(run_home, CensusRequest("topics", run="topics"), lone_desk(said.append))
    assert taken.texts == 12 and "Sentence 12 of 12" in said
    np.testing.assert_array_equal(taken.counts().sum(axis=1), [2, 2])


def test_a_search_goes_through_examples_and_checkpoints_and_reports_on_the_way(run_home: Home) -> None:
    word = held_out_texts(run_home, "topics")[0].split()[0]
    said: list[object] = []
    request = SearchRequest("", word, "", run="topics", held_out=True, checkpoints=True)
    found = search(run_home, request, lone_desk(said.append))
    assert len(found.models) == 2 and all("step" in model for model in found.models)
    holding = [text for text in held_out_texts(run_home, "topics") if word in text.split()]
    assert found.texts >= len(holding) and found.skipped == 12 - found.texts
    assert {hit.text for hit in found.hits} == set(holding)
    assert all(hit.source == word for hit in found.hits)
    weights = [hit.weight for hit in found.hits]
    assert weights == sorted(weights, reverse=True)
    assert len([part for part in said if isinstance(part, Found)]) == 2


def test_a_search_is_cancelled_between_two_sentences(run_home: Home) -> None:
    ticket = Ticket()
    ticket.cancel()
    with pytest.raises(JobCancelled):
        search(run_home, SearchRequest("topics", "the", "", text=TEXT), Desk(ticket, Mailbox(), None, None))


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (SearchRequest("topics", " ", "", text=TEXT), "no word"),
        (SearchRequest("topics", "rain", "", text=""), "no sentence"),
        (SearchRequest("topics", "zebra", "", run="topics", held_out=True), "‘zebra’"),
    ],
)
def test_what_cannot_be_searched_is_said_plainly(run_home: Home, request_: SearchRequest, said: str) -> None:
    with pytest.raises(WorkbenchError, match=said):
        search(run_home, request_, lone_desk(print))
