"""Prompts that a person keeps in their home, templates that come with the workbench, and filling in placeholders."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.run.files import write_whole
from workbench.run.home import Home
from workbench.run.problem import bad_input

#: A name in braces stands for what is filled in later; {"key": 1} and {} do not.
_PLACEHOLDER = re.compile(r"\{([^\W\d][\w -]{0,39})\}")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class SavedPrompt:
    """A prompt with a name; names in braces are placeholders."""

    name: str
    text: str


#: Templates that come with the workbench.
TEMPLATES = (
    SavedPrompt("Summarise", "Summarise the following text in two sentences.\n\n{text}"),
    SavedPrompt("Translate", "Translate the following text to {language}.\n\n{text}"),
    SavedPrompt(
        "Put into a class", "Which of these classes fits the text: {classes}?\n\nText: {text}\n\nClass:"
    ),
    SavedPrompt("Explain", "Explain {subject} to somebody who has never heard of it, in three sentences."),
    SavedPrompt("Rewrite", "Rewrite the following text so that it is {manner}.\n\n{text}"),
)


def placeholders(text: str) -> tuple[str, ...]:
    """The names in braces, each once, in their order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def filled(text: str, values: Mapping[str, object]) -> str:
    """The text with values in the place of their names; names without a value stay as they are, and what is filled in
    is not looked through again."""
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]) if found[1] in values else found[0], text)


def read_prompts(home: Home) -> tuple[SavedPrompt, ...]:
    """The person's prompts, by name.

    Raises:
        WorkbenchError: When their file cannot be read, naming it.
    """
    path = _file(home)
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return tuple(SavedPrompt(str(one["name"]), str(one["text"])) for one in plain)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise bad_input(
            f"The saved prompts in {path} cannot be read.",
            f"{type(error).__name__}: {error}",
            "Mend the file, or move it away to begin anew.",
        ) from error


def save_prompt(home: Home, name: str, text: str) -> tuple[SavedPrompt, ...]:
    """Keep a prompt; one of the same name is replaced. Returns all.

    Raises:
        WorkbenchError: When name or text are empty, or the file cannot be written.
    """
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME:
        raise bad_input(f"A prompt's name has 1 to {_LONGEST_NAME} characters.", "", "Choose another name.")
    if not text.strip():
        raise bad_input("An empty prompt is not kept.", "", "Write something first.")
    others = [one for one in read_prompts(home) if one.name != name]
    return _write(home, [*others, SavedPrompt(name, text)])


def rename_prompt(home: Home, name: str, new: str) -> tuple[SavedPrompt, ...]:
    """Give a prompt another name. Returns all; raises as `save_prompt` does."""
    found = prompt_named(home, name)
    if " ".join(new.split()) != name and any(one.name == new for one in read_prompts(home)):
        raise bad_input(f"There is a prompt {new!r} already.", "", "Choose another name.")
    save_prompt(home, new, found.text)
    return delete_prompt(home, name) if " ".join(new.split()) != name else read_prompts(home)


def delete_prompt(home: Home, name: str) -> tuple[SavedPrompt, ...]:
    """Let go of a prompt. Returns the others.

    Raises:
        WorkbenchError: When there is none of that name.
    """
    prompt_named(home, name)
    return _write(home, [one for one in read_prompts(home) if one.name != name])


def prompt_named(home: Home, name: str, *, templates: bool = False) -> SavedPrompt:
    """A prompt by its name, of the templates too where that is wanted.

    Raises:
        WorkbenchError: When there is none, with the names that there are.
    """
    known = read_prompts(home) + (TEMPLATES if templates else ())
    for one in known:
        if one.name == name:
            return one
    raise bad_input(
        f"There is no saved prompt {name!r}.",
        f"There are {', '.join(one.name for one in known)}." if known else "None is saved yet.",
        "Give one of these names, or save it first.",
    )


def _file(home: Home) -> Path:
    return home.root / "prompts.json"


def _write(home: Home, prompts: list[SavedPrompt]) -> tuple[SavedPrompt, ...]:
    ordered = tuple(sorted(prompts, key=lambda one: one.name.casefold()))
    home.make(home.root)
    path = _file(home)
    try:
        write_whole(path, json.dumps([asdict(one) for one in ordered], ensure_ascii=False, indent=1) + "\n")
    except OSError as error:
        raise bad_input(
            f"The file {path} cannot be written.", f"The system says: {error.strerror or error}."
        ) from error
    return ordered
