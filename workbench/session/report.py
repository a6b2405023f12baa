"""The report of a run: one HTML file with everything in it, which opens without the application or a network."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from pathlib import Path

from workbench.run.answer_losses import AnswerLosses
from workbench.run.folder import RunFolder
from workbench.run.inside.ablation import Importance
from workbench.run.inside.explanation import Explanation
from workbench.run.inside.lens import Lens
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.results import AttentionMaps
from workbench.run.row_scores import RowScores
from workbench.run.scores import ClassificationScores, Number
from workbench.run.suspects import Suspects
from workbench.run.target_rows import TargetRows
from workbench.session.inside.film_pictures import film_section
from workbench.session.pictures import atlas_png
from workbench.session.report_classes import classes_section, confusion_section
from workbench.session.report_data import DataFacts, data_section
from workbench.session.report_inside import (
    change_section,
    explanation_section,
    importance_section,
    kinds_section,
    lens_section,
)
from workbench.session.report_numbers import (
    calibration_section,
    classes_table,
    headline_section,
    numbers_of,
    numbers_section,
)
from workbench.session.report_page import FRESH, page, section
from workbench.session.report_pinned import pinned_section
from workbench.session.report_rows import improbable_section, suspects_section, worst_rows_section
from workbench.session.report_run import (
    asked_section,
    cost_section,
    environment_section,
    lead,
    load_section,
    notices_section,
    plots_section,
    problem_section,
    recipe_section,
    samples_section,
)
from workbench.session.report_targets import furthest_section, targets_section


@dataclass(frozen=True, slots=True)
class Looks:
    """What a report shows beyond the run's own files; None where nobody looked, and the report does without.

    Attributes:
        attention: Maps to show as a picture, of the trained model on one text.
        explanation: What made its prediction about that text.
        lens: What it would answer after each layer.
        importance: How much each head matters.
        rows: What a classifier says of each held-out row.
        scores: The scores of `rows`.
        targets: What a model with labels, numbers or marks says of each held-out row.
        answers: How probable the expected answer of each held-out row is to a model that writes.
        suspects: Training rows whose label may be wrong.
        data: Classes, steps and findings of the data.
    """

    attention: AttentionMaps | None = None
    explanation: Explanation | None = None
    lens: Lens | None = None
    importance: Importance | None = None
    rows: RowScores | None = None
    scores: ClassificationScores | None = None
    targets: TargetRows | None = None
    answers: AnswerLosses | None = None
    suspects: Suspects | None = None
    data: DataFacts | None = None

    @property
    def numbers(self) -> dict[str, Number] | None:
        """What was measured of the held-out rows one by one; None where it was not."""
        if self.scores is not None:
            return self.scores.numbers
        if self.answers is not None and len(self.answers.sums) == self.answers.of:
            from workbench.session.scoring.answers import numbers_of_answers

            return numbers_of_answers(self.answers)
        return self.targets.scores.numbers if self.targets and self.targets.scores else None


_NOTHING = Looks()


def write_report(folder: RunFolder, looks: Looks = _NOTHING, path: Path | None = None) -> Path:
    """Write the report of a run, at any time of its life.

    Args:
        folder: The run.
        looks: What is shown beyond its own files.
        path: Where to; None for its `report.html`.

    Raises:
        WorkbenchError: When the file cannot be written, naming it.
    """
    target = path or folder.report
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.write_text(report_html(folder, looks), encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        raise bad_input(
            f"The report {target} cannot be written.", f"The system says: {error.strerror or error}."
        ) from error
    return target


def report_html(folder: RunFolder, looks: Looks = _NOTHING) -> str:
    """The report as HTML. Everything that came from outside is escaped."""
    history = folder.history()
    recipe = _recipe(folder)
    title = (recipe.name if recipe else "") or folder.name
    names = history.started.class_names if history.started else ()
    measured = history.best_evaluation or history.last_evaluation
    confusion = measured.confusion if measured else ()
    scores = looks.scores
    numbers = numbers_of(history, looks.numbers)
    worst = worst_rows_section(looks.rows) or furthest_section(looks.targets)
    improbable = improbable_section(looks.answers)
    return page(
        title,
        [
            f"<h1>{escape(title)}</h1>",
            f'<p class="lead">{escape(lead(folder, history, recipe))}</p>',
            problem_section(history.ended.problem if history.ended else None),
            section("How good it is", headline_section(history, numbers)),
            section("What was asked", asked_section(folder, recipe, history)),
            section("The data", data_section(recipe, history, folder.environment(), looks.data)),
            section("How it went", plots_section(history)),
            section("What was said on the way", notices_section(history)),
            section("All numbers", numbers_section(numbers), FRESH),
            section("What is taken for what", confusion_section(confusion, names)),
            section("Each class", classes_table(scores) if scores else classes_section(confusion, names)),
            section("One by one", targets_section(looks.targets)),
            section(
                "How far it can be believed", calibration_section(scores.calibration if scores else None)
            ),
            section("Held-out rows with the highest loss", worst or improbable, FRESH),
            section("Samples", "" if worst else samples_section(folder)),
            section("Labels that may be wrong", suspects_section(looks.suspects)),
            section("What it answered as it learned", pinned_section(folder.path)),
            section("Attention", _attention(looks.attention), FRESH),
            section("What the heads do", kinds_section(looks.attention)),
            section("Which heads matter", importance_section(looks.importance)),
            section("What made the prediction", explanation_section(looks.explanation)),
            section("After each layer", lens_section(looks.lens)),
            section("What training changed", change_section(folder.path)),
            section("Training film", film_section(folder.path)),
            section("The recipe", recipe_section(recipe), FRESH),
            section("Where it ran", environment_section(folder.environment())),
            section("Time and energy", cost_section(folder, history)),
            section("Load the model", load_section(folder, recipe, history)),
        ],
    )


def scores_of(rows: RowScores | None) -> ClassificationScores | None:
    """The scores of rows with their right classes; None without any."""
    if rows is None or rows.true is None or not len(rows):
        return None
    from workbench.session.scoring.classification import classification_scores

    return classification_scores(rows.true, rows.probabilities, rows.names)


def _recipe(folder: RunFolder) -> Recipe | None:
    try:
        return folder.recipe()
    except WorkbenchError:  # a report of a damaged run says what is still known
        return None


def _attention(maps: AttentionMaps | None) -> str:
    if maps is None:
        return ""
    data = base64.b64encode(atlas_png(maps)).decode("ascii")
    words = f"Attention of every head on: {' '.join(maps.tokens)}"
    return f'<img alt="{escape(words)}" src="data:image/png;base64,{data}">'
