"""Regular expressions as Arrow takes them (RE2's kind), with complaints in plain words."""

from __future__ import annotations

from workbench.run.problem import bad_input

_WRONG = (
    ("missing )", "An opening bracket “(” has no closing one."),
    ("missing ]", "An opening bracket “[” has no closing one."),
    ("unexpected )", "A closing bracket “)” has no opening one."),
    ("repetition op", "“*”, “+”, “?” or “{…}” stands where there is nothing to repeat."),
    ("repetition size", "A repetition in “{…}” is too large."),
    ("invalid perl operator", "Looking ahead or behind, “(?=…)” and the like, is not available here."),
    ("trailing", "A backslash at the end has nothing to stand for."),
    ("invalid escape sequence", "A backslash stands before a character that has no such meaning."),
    ("character class range", "The range in “[…]” runs backwards, such as “[z-a]”."),
    ("too large", "It is too large."),
)


def require_expression(text: str) -> None:
    """See that a regular expression is one.

    Raises:
        WorkbenchError: Where it is none, with the reason in plain words.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""], pa.large_string()), text, ignore_case=True)
    except pa.ArrowInvalid as error:
        said = str(error).lower()
        cause = next((words for begun, words in _WRONG if begun in said), str(error))
        raise bad_input(
            "This is not a regular expression.",
            cause,
            "Correct it, put a backslash before a character that is meant as itself, or search for plain text.",
        ) from error
