"""The step that mends texts whose characters were read in the wrong encoding."""

from __future__ import annotations

from workbench.data.changing import change_texts, told_columns
from workbench.data.frame import Frame
from workbench.data.step import Context, Done, Step
from workbench.run.section import field


class FixMojibake(Step):
    """Turns “cafÃ©” back into “café”, by ftfy's rules; texts that are right stay as they are."""

    kind = "fix-mojibake"
    title = "Mend garbled characters"
    help = "Mends texts that were once read in the wrong encoding, such as cafÃ© for café."
    group = "texts"

    columns: tuple[str, ...] = field((), "Columns", "The columns to mend. None: the text.")

    def needs(self) -> tuple[str, ...]:
        return self.columns or ("",)

    def apply(self, frame: Frame, context: Context) -> Done:
        import ftfy

        def mended(text: str) -> str:
            return text if text.isascii() else ftfy.fix_encoding(text)

        return change_texts(frame, self.columns, mended, context)

    def summary(self) -> str:
        return f"Mend garbled characters in {told_columns(self.columns)}"
