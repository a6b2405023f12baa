"""What a report says of numbers, rows, data and energy; that it needs nothing else; and how a model is loaded."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.session.recorded import CLASSES, CONFUSION, events, facts, looks, recorded_run, rows
from tests.session.test_report import Page
from workbench.run.energy import Energy, add_energy
from workbench.run.events import Started
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.recipe import DataSection, Recipe
from workbench.session.cards import final_card, write_card
from workbench.session.load_snippet import load_snippet
from workbench.session.report import Looks, report_html, scores_of, write_report
from workbench.session.report_data import data_section
from workbench.session.report_numbers import calibration_section, numbers_of, shown
from workbench.session.report_print import printable


def test_everything_that_is_known_stands_in_the_report_and_nothing_refers_outside(home: Home) -> None:
    folder = recorded_run(home)
    add_energy(folder.path, Energy({"processor": 7200.0}, 30))
    html = write_report(folder, looks()).read_text(encoding="utf-8")
    page = Page(html)
    for words in (
        "How good it is", "What was asked", "The data", "How it went", "All numbers", "What is taken for what",
        "Each class", "How far it can be believed", "Held-out rows with the highest loss", "Labels that may be wrong",
        "Attention", "The recipe", "Where it ran", "Time and energy", "Load the model",
        "5e5e5e", "2 rows stand on both sides", "14 rows removed", "expected calibration error", "95 % interval",
        "7.2 kJ (0.002 kWh) in 30 s", "fix: delivery <b>late</b>", "area under ROC",
    ):  # fmt: skip
        assert words in page.words, words
    assert "<parcel>" not in html and "<i>with" not in html
    assert not re.search(r"https?://(?!www\.w3\.org)|url\(|@import|srcset|\bon\w+=", html)
    assert {link.partition(",")[0] for link in page.links} == {"data:image/png;base64"}
    assert "default-src 'none'" in html and "@page{size:A4" in html
    bare = Page(report_html(recorded_run(home)))
    assert "not measured" in bare.words and "Held-out rows with the highest loss" not in bare.words


def test_the_worst_rows_stand_in_the_order_of_their_loss(home: Home) -> None:
    found = rows()
    html = report_html(recorded_run(home), Looks(rows=found))
    part = html.partition("with the highest loss</h2>")[2].partition("</section>")[0]
    shown_rows = [int(n) - 1 for n in re.findall(r'<tr class="(?:wrong)?"><td class="n">(\d+)</td>', part)]
    assert shown_rows == np.argsort(-found.losses, kind="stable")[:20].tolist()
    assert f"{int(found.wrong.sum())} of {len(found)} rows" in part


def test_intervals_come_from_the_rows_or_from_the_confusion_matrix(home: Home) -> None:
    history = recorded_run(home).history()
    from_counts = numbers_of(history)
    hits, total = sum(CONFUSION[i][i] for i in range(4)), sum(map(sum, CONFUSION))
    assert from_counts["accuracy"].value == pytest.approx(hits / total)
    half = 1.96 * (hits / total * (1 - hits / total) / total) ** 0.5
    assert from_counts["accuracy"].low == pytest.approx(hits / total - half, abs=0.02)
    assert from_counts["loss"].low is None
    scores = scores_of(rows())
    assert scores is not None
    from_rows = numbers_of(history, scores.numbers)
    assert from_rows["loss"].low is not None and "auc" in from_rows and "log_loss" not in from_rows
    assert from_rows["accuracy"].value == scores.numbers["accuracy"].value
    assert numbers_of(History()) == {}
    assert scores_of(dataclasses.replace(rows(), true=None)) is None
    assert (shown("top_2", 0.5), shown("loss", 0.5), shown("f1_macro", 1.0)) == ("50.0%", "0.5", "100.0%")


def test_a_meter_that_cannot_be_read_is_told(home: Home) -> None:
    on_gpu = [dataclasses.replace(e, device="NVIDIA H100") if isinstance(e, Started) else e for e in events()]
    for told, missing in ((events(), ""), (on_gpu, "the GPU (NVML)")):
        folder = recorded_run(home, told)
        add_energy(folder.path, Energy({"processor": 7200.0}, 30))
        words = Page(report_html(folder)).words
        assert "7.2 kJ" in words and (
            f"Not measured: {missing}" in words if missing else "Not measured" not in words
        )


def test_calibration_says_to_which_side_it_leans() -> None:
    scores = scores_of(rows())
    assert scores is not None
    sure = dataclasses.replace(scores.calibration, accuracy=scores.calibration.sureness - 0.25)
    assert "25.0% too sure" in calibration_section(sure)
    assert "as sure as it may be" in calibration_section(
        dataclasses.replace(scores.calibration, accuracy=scores.calibration.sureness)
    )
    assert not calibration_section(None)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (DataSection(sides="/x/sides.jsonl"), "same rows held out as in an earlier run"),
        (DataSection(folds=5, fold=2), "fold 2 of 5 held out"),
        (
            DataSection(split="grouped", split_column="who", test=0.2),
            "by “who”; 10% held out, 20% for the test",
        ),
        (DataSection(validation="held.csv"), "by files of their own"),
    ],
)
def test_how_the_rows_were_divided_is_told(data: DataSection, words: str) -> None:
    assert words in data_section(Recipe(data=data), History(), {}, facts())


def test_the_card_has_the_numbers_as_the_hub_reads_them(home: Home) -> None:
    from huggingface_hub import ModelCard
    from huggingface_hub.repocard import metadata_load

    folder = recorded_run(home)
    path = write_card(folder, looks().numbers)
    metadata = metadata_load(path)
    assert metadata is not None and metadata["pipeline_tag"] == "text-classification"
    card = ModelCard.load(path)
    results = card.data.eval_results
    assert results is not None and len(results) >= 4
    by_name = {one.metric_name: one for one in results}
    scores = scores_of(rows())
    assert scores is not None
    assert by_name["accuracy"].metric_value == pytest.approx(scores.numbers["accuracy"].value, abs=1e-6)
    assert by_name["macro F1"].metric_type == "f1" and by_name["macro F1"].task_type == "text-classification"
    assert {one.dataset_name for one in results} == {folder.recipe().data.train}
    assert "95 % interval" in card.text and " to " in card.text and "5e5e5e" in card.text
    assert "not measured" in card.text and "base_model" not in metadata
    assert "model-index" not in final_card(recorded_run(home, [])).partition("---\n\n")[0]


def test_what_is_printed_says_the_same_without_what_qt_does_not_know(home: Home) -> None:
    html = report_html(recorded_run(home), looks())
    found = printable(html)
    assert found.title == "Support <mail>"
    assert not re.search(r"<svg|var\(|rgba\(|<section|<figure|<details|data:image", found.html)
    drawings = [data for data in found.pictures.values() if data.startswith(b"<svg")]
    assert len(drawings) == html.count("<svg") and len(found.pictures) == len(drawings) + html.count("<img")
    assert all(b"class=" not in data and b'xmlns="http://www.w3.org/2000/svg"' in data for data in drawings)
    for words in ("How good it is", "Labels that may be wrong", "page-break-before:always", "&lt;parcel&gt;"):
        assert words in found.html
    text = re.sub(r"\s+", " ", Page(found.html.replace("<br>", " ")).words)
    assert all(name in text for name in CLASSES)


def _saved(tmp_path: Path, task: str, bert: Path, llama: Path) -> Path:
    """A tiny model of a task, saved as a run saves it."""
    from transformers import (
        AutoModelForCausalLM,
        AutoModelForMaskedLM,
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
        AutoTokenizer,
    )

    folder = tmp_path / "model"
    names: dict[str, Any] = {"id2label": {0: "good", 1: "bad"}, "label2id": {"good": 0, "bad": 1}}
    model: Any
    if task in ("causal-lm", "chat"):
        model, source = AutoModelForCausalLM.from_pretrained(llama), llama
    elif task == "masked-lm":
        model, source = AutoModelForMaskedLM.from_pretrained(bert), bert
    elif task == "token-classification":
        model, source = AutoModelForTokenClassification.from_pretrained(bert, **names), bert
    else:
        model, source = AutoModelForSequenceClassification.from_pretrained(bert, **names), bert
        model.config.thresholds = [0.0, 1.0]
        model.config.target_mean, model.config.target_std = [100.0, 200.0], [0.0, 0.0]
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(source)
    if task == "chat":
        tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("text-classification", r"good|bad"),
        ("multi-label", r"\['good'\]"),
        ("regression", r"\[100\.0, 200\.0\]"),
        ("token-classification", r"\[('(good|bad)'(, )?)+\]"),
        ("causal-lm", r"(?s)<?.*Once.*"),
        ("masked-lm", r"\S+"),
        ("chat", r"(?s).*Hello.*"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # of libraries, about heads that are made anew
def test_the_lines_in_the_report_run_as_they_stand(
    task: str, wanted: str, tmp_path: Path, tiny_bert: Path, tiny_llama: Path
) -> None:
    code = load_snippet(task, "all", str(_saved(tmp_path, task, tiny_bert, tiny_llama)))
    lines = [line for line in code.splitlines() if line]
    loaded = next(number for number, line in enumerate(lines, 1) if line.startswith("model = "))
    assert loaded <= 5 and 2 <= len(lines) - loaded <= 4
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    assert re.fullmatch(wanted, out.getvalue().strip())


@pytest.mark.heavy
def test_a_browser_shows_and_prints_the_report_without_a_network(
    home: Home, tmp_path: Path, browser: Callable[..., str]
) -> None:
    path = write_report(recorded_run(home), looks())
    printed = tmp_path / "report.pdf"
    dom, asked = asked_by_page(browser, path)
    assert "Held-out rows with the highest loss" in dom
    (picture,) = re.findall(r'<img[^>]+src="data:image/png;base64,([^"]+)"', dom)
    assert Image.open(io.BytesIO(base64.b64decode(picture))).size[0] > 400
    assert not asked
    curious = tmp_path / "curious.html"
    curious.write_text('<img src="http://127.0.0.1:9/picture.png">')
    assert asked_by_page(browser, curious)[1] == {"http://127.0.0.1:9/picture.png"}
    browser("--no-pdf-header-footer", f"--print-to-pdf={printed}", path.as_uri())
    content = printed.read_bytes()
    assert content.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", content)) >= 4


def asked_by_page(browser: Callable[..., str], path: Path) -> tuple[str, set[str]]:
    """A page as the browser has it, and what it asked the network for; the browser's own requests, such as for
    updates, have no origin."""
    log = path.with_suffix(".json")
    dom = browser(f"--log-net-log={log}", "--dump-dom", path.as_uri())
    found = re.findall(
        r'"initiator":"([^"]*)"[^\n]*?"url":"((?:http|ws|ftp)[^"]*)"', log.read_text(encoding="utf-8")
    )
    return dom, {url for origin, url in found if origin != "not an origin"}


@pytest.fixture
def browser(tmp_path: Path) -> Callable[..., str]:
    """Runs Chromium without a window; skips where there is none."""
    import shutil
    import subprocess

    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium is installed")

    def run(*arguments: str) -> str:
        own = ("background-networking", "component-update", "sync", "extensions", "domain-reliability", "gpu")
        fixed = (
            "--headless=new", "--no-sandbox", "--no-first-run", "--no-pings", *(f"--disable-{name}" for name in own),
            f"--user-data-dir={tmp_path / 'profile'}",
        )  # fmt: skip
        done = subprocess.run(
            [found, *fixed, *arguments], capture_output=True, text=True, timeout=600, check=True
        )
        return done.stdout

    return run
