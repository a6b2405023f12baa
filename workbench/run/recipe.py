"""The recipe: everything that is needed to do a run again, immutable and validated.

Each field's title, help, range and unit stand together here; the form, the command line, the JSON schema and
the error texts are all derived from these lines.
"""

from __future__ import annotations

from typing import Any, Literal

from workbench.run.chat_fields import ChatSection
from workbench.run.film_fields import FilmSection
from workbench.run.method_fields import (
    AdversarialSection,
    DistillationSection,
    LossSection,
    RegularisationSection,
    WeightsSection,
)
from workbench.run.pinned_fields import PinnedSection
from workbench.run.scratch_fields import ScratchSection
from workbench.run.section import Section, Share, field
from workbench.run.step_record import Steps
from workbench.run.task_fields import AnswerSection, LabelsSection, MaskingSection, PreferenceSection
from workbench.run.training_fields import TrainingSection

RECIPE_VERSION = 1


class ModelSection(Section):
    """Which model the run starts from."""

    source: str = field(
        "minilm",
        "Model",
        "The model to start from: a short name (minilm, smollm2), a model folder, an earlier run, or a Hub id "
        "that is already on this machine. new-gpt and new-bert start from nothing, in the shape of section scratch.",
        min_length=1,
    )


class DataSection(Section):
    """Which rows the run learns from, and which it is measured on."""

    train: str = field(
        "support-messages",
        "Data",
        "The rows to learn from: a shipped data set by name, or a CSV, TSV, JSON Lines, Parquet or text file.",
        min_length=1,
    )
    validation: Share | str = field(
        0.1,
        "Held-out",
        "The rows that the model is measured on and never learns from: a share of the data, or a file.",
    )
    test: Share | str = field(
        0.0,
        "Test",
        "Rows put aside for a last measurement after the run: a share of the data, or a file. 0 means none.",
        advanced=True,
    )
    split: Literal["stratified", "by-hash", "grouped", "by-time", "by-column"] = field(
        "stratified",
        "How rows are divided",
        "How a share is put aside. stratified: the classes in the same proportion on all sides. by-hash: by each row's "
        "content, so that rows which are added later move no other row. grouped: all rows with one value of the "
        "split column on one side. by-time: the newest rows by the split column. by-column: the split column says "
        "train, validation or test.",
        advanced=True,
    )
    split_column: str = field(
        "",
        "Split column",
        "The column that grouped, by-time and by-column go by, such as a patient, a date or a side.",
        advanced=True,
    )
    folds: int = field(
        0,
        "Folds",
        "For cross-validation: divide the rows into so many parts of the same size and hold out one of them, instead "
        "of a share. stratified, by-hash and grouped say how. 0: no folds.",
        advanced=True,
        ge=0,
        le=100,
    )
    fold: int = field(1, "Fold", "Which of the folds is held out, from 1.", advanced=True, ge=1, le=100)
    learn_share: float = field(
        1.0,
        "Learn from",
        "The share of the rows to learn from that is used, for a learning curve or a first try. A smaller share is a "
        "part of a larger one.",
        unit="share of rows",
        advanced=True,
        gt=0,
        le=1,
    )
    sides: str = field(
        "",
        "Kept sides",
        "A file that names the rows that an earlier run held out, so that this one holds out the same, whatever was "
        "mended since. It takes the place of the shares and folds. Empty: none.",
        advanced=True,
    )
    patch: str = field(
        "",
        "Edits by hand",
        "The file of edits by hand that are made before all steps; the data file itself stays as it is. Empty: none.",
        advanced=True,
    )
    text: str = field("", "Text column", "The column that is read. Empty: guessed.")
    label: str = field(
        "",
        "Label column",
        "The column that is to be predicted; for several labels or numbers also more, with commas between their names. "
        "Empty: guessed.",
    )
    header: Literal["auto", "yes", "no"] = field(
        "auto", "Header row", "Whether the first line names the columns. auto: guessed.", advanced=True
    )
    encoding: str = field(
        "", "Encoding", "How the file's characters are stored, such as utf-8. Empty: detected.", advanced=True
    )
    delimiter: str = field(
        "",
        "Delimiter",
        "What stands between two fields of a text file, such as ;. Empty: found.",
        advanced=True,
    )
    records: str = field(
        "",
        "Part of the file",
        "Where the rows are: the sheet of a workbook, the path to a list in JSON, or the member of an archive. Empty: "
        "found.",
        advanced=True,
    )
    lines: Literal["line", "block", "file"] = field(
        "line",
        "A row of plain text",
        "What one row of a plain text is: a line, a block between blank lines, or the whole file.",
        advanced=True,
    )
    steps: Steps = field(
        (),
        "Steps",
        "What is done to the rows before training, in this order; the file is not touched.",
        advanced=True,
    )


class TaskSection(Section):
    """What the model is to learn."""

    kind: str = field(
        "text-classification",
        "Task",
        "What the model learns: text-classification (put a text into a class), multi-label (give a text all labels "
        "that fit), regression (read a number off a text), token-classification (mark words in a text), causal-lm "
        "(continue a text), masked-lm (fill in masked words, as encoders are pre-trained), chat (answer in a "
        "conversation), preference (write more like the better of two answers) or seq2seq (write one text from "
        "another, such as a translation).",
        min_length=1,
    )


class Recipe(Section):
    """A complete, immutable description of one run."""

    version: Literal[1] = field(RECIPE_VERSION, "Version", "The version of the recipe format.", advanced=True)
    name: str = field(
        "", "Name", "What the run is called. Empty: made from the data and the model.", max_length=80
    )
    model: ModelSection = ModelSection()
    scratch: ScratchSection = ScratchSection()
    data: DataSection = DataSection()
    task: TaskSection = TaskSection()
    chat: ChatSection = ChatSection()
    preference: PreferenceSection = PreferenceSection()
    answer: AnswerSection = AnswerSection()
    masking: MaskingSection = MaskingSection()
    labels: LabelsSection = LabelsSection()
    training: TrainingSection = TrainingSection()
    weights: WeightsSection = WeightsSection()
    loss: LossSection = LossSection()
    regularisation: RegularisationSection = RegularisationSection()
    adversarial: AdversarialSection = AdversarialSection()
    distillation: DistillationSection = DistillationSection()
    film: FilmSection = FilmSection()
    pinned: PinnedSection = PinnedSection()

    def value(self, path: str) -> Any:
        """The value of a field by its dotted path."""
        found: Any = self
        for part in path.split("."):
            found = getattr(found, part)
        return found
