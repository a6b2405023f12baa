"""What a report tells of the pinned prompts: what the model answered first, halfway and last."""

from __future__ import annotations

from html import escape
from pathlib import Path

from workbench.run.pinned import Moment, PinnedAnswer, read_pinned


def pinned_section(run: Path) -> str:
    """The first, the middle and the last answer to each pinned prompt; nothing where none was answered."""
    found = read_pinned(run)
    if found is None or not found.moments:
        return ""
    lines = []
    for prompt in found.asked:
        chosen = first_middle_last(found.of(prompt))
        for number, (moment, answer) in enumerate(chosen):
            asked = f'<td class="text" rowspan="{len(chosen)}">{escape(prompt)}</td>' if number == 0 else ""
            text = f'<td class="text">{escape(answer.text) or "—"}</td>'
            lines.append(f"<tr>{asked}<td>{moment.step}</td>{text}</tr>")
    head = "<tr><th>Prompt</th><th>Step</th><th>Answer</th></tr>"
    about = f"{len(found.moments)} rounds of answers. {found.cost_words()} The Prompt page shows them all."
    rows = f'<div class="wide"><table class="texts">{head}{"".join(lines)}</table></div>'
    return f'{rows}<p class="muted">{escape(about)}</p>'


def first_middle_last(answers: list[tuple[Moment, PinnedAnswer]]) -> list[tuple[Moment, PinnedAnswer]]:
    """At most three of them, by their places."""
    if not answers:
        return []
    return [answers[place] for place in sorted({0, len(answers) // 2, len(answers) - 1})]
