"""What a model reads of one conversation of the data, token by token, and which of the tokens it learns."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.data.chat import Message, messages
from workbench.data.conversations import shape_of
from workbench.data.pipeline import as_table
from workbench.run.home import Home
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.session.data import look
from workbench.session.lanes import Desk
from workbench.session.requests import DataRequest
from workbench.shelf.models import resolve_model


@dataclass(frozen=True, slots=True)
class ReadToken:
    """A token's piece of text, and whether it is learned; empty where an earlier token has the character."""

    text: str
    learned: bool


@dataclass(frozen=True, slots=True)
class ChatPreview:
    """One conversation as the model reads it.

    Attributes:
        row: The row, counted from 0.
        turns: What is said, with the system prompt.
        tokens: All tokens, those beyond the maximum length too.
        limit: How many tokens the model reads in training; the rest is cut off.
        note: What there is to say of the template; empty where the model's own is used.
    """

    row: int
    turns: tuple[Message, ...]
    tokens: tuple[ReadToken, ...]
    limit: int
    note: str = ""

    @property
    def learned(self) -> int:
        """How many tokens are learned."""
        return sum(token.learned for token in self.tokens[: self.limit])


@dataclass(frozen=True, slots=True)
class ChatRow:
    """Asks for one row of a recipe's data, after its steps, counted from 0."""

    recipe: Recipe
    row: int


def preview_of(home: Home, request: ChatRow, desk: Desk) -> ChatPreview:
    """As `chat_preview`, for a request."""
    return chat_preview(home, request.recipe, request.row, desk)


def chat_preview(home: Home, recipe: Recipe, row: int, desk: Desk) -> ChatPreview:
    """One row of a recipe's data, after its steps, as the task chat trains on it.

    Args:
        home: Where models are.
        recipe: Data, model, template, system prompt and maximum length.
        row: The row after the steps, counted from 0.
        desk: Asked whether somebody still waits.

    Raises:
        WorkbenchError: When the data, the row or the model cannot be read, or the template refuses the conversation.
    """
    preview = look(home, DataRequest.of(recipe), desk)
    if preview.table is None or preview.mended is None:
        raise bad_input(
            "There are no conversations to show.",
            preview.problem.title if preview.problem else f"{preview.path.name} is read as one text.",
            "Choose a table of conversations, or of questions and answers.",
            field="data.train",
        )
    frame = preview.mended.frame
    shape = shape_of(as_table(frame, preview.table), recipe.data)
    if not 0 <= row < frame.rows:
        raise bad_input(
            f"There is no row {row + 1}.", f"The data has {frame.rows} rows.", "Choose another one."
        )
    values = {column: frame.column(column, row, row + 1)[0] for column in shape.columns.values()}
    turns = messages(values, shape, int(frame.origin[row]) + 1)
    place = resolve_model(recipe.model.source, home)
    if place.needs_conversion:
        raise bad_input(
            f"The model {place.name} is not on this machine yet.",
            "Its tokens are known once it is prepared, which happens when it is first used.",
            "Ask it something on the Prompt page, or start a run.",
            field="model.source",
        )
    desk.check()
    from workbench.engine.chat_template import (
        TemplateError,
        counted_tokens,
        give_template,
        refuse,
        with_system,
    )
    from workbench.engine.loading import load_tokenizer

    tokenizer = load_tokenizer(place.path)
    note = give_template(tokenizer, recipe.chat.template)
    try:
        found = counted_tokens(tokenizer, turns, system=recipe.chat.system)
    except TemplateError as error:
        raise refuse(str(error), int(frame.origin[row]) + 1) from error
    return ChatPreview(
        row,
        tuple(with_system(turns, recipe.chat.system)),
        tuple(ReadToken(text, learned) for text, learned in found),
        recipe.training.max_length,
        note,
    )
