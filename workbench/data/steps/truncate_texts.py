"""The step that cuts long texts off."""

from __future__ import annotations

from workbench.data.changing import named_columns, told_columns
from workbench.data.cutting import cutter, truncated
from workbench.data.frame import Frame
from workbench.data.step import Context, Done, Step
from workbench.run.section import field


class TruncateTexts(Step):
    """Keeps the beginning of texts that are too long."""

    kind = "truncate-texts"
    title = "Cut off long texts"
    help = "Keeps the beginning of texts that have more tokens than the model is to read."
    group = "texts"

    column: str = field("", "Column", "The column whose texts are cut. Empty: the text.")
    tokens: int = field(
        0,
        "Tokens",
        "The most tokens of a text, with the marks that the model puts around it. 0: the recipe's maximum length.",
        unit="tokens",
        ge=0,
    )

    def needs(self) -> tuple[str, ...]:
        return (self.column,)

    def apply(self, frame: Frame, context: Context) -> Done:
        (column,) = named_columns(frame, (self.column,))
        cut = cutter(frame, column, self.tokens, context)
        texts = frame.column(column)
        changed: set[int] = set()
        # A beginning may have other tokens by itself than it had in the whole: until nothing is too long.
        again = True
        while again:
            again = False
            for row, pieces in list(cut.too_long(texts, context.check)):
                shorter = truncated(texts[row] or "", pieces, cut.limit)
                again |= shorter != texts[row]  # a single character may have too many tokens
                texts[row] = shorter
                changed.add(row)
        made = frame.with_column(column, texts) if changed else frame
        return Done(made, changed=len(changed), notes=(cut.note,) if cut.note else ())

    def summary(self) -> str:
        length = f"{self.tokens} tokens" if self.tokens else "the maximum length"
        return f"Cut off {told_columns([self.column])} at {length}"
