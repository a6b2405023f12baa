"""What a masked language model puts into the gaps of a text."""

from __future__ import annotations

import torch

from workbench.engine.inside.reading import readable_tokens
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.run.problem import bad_input
from workbench.run.results import GAP, FilledText


def fill(loaded: LoadedModel | LiveModel, text: str, count: int = 10) -> FilledText:
    """The likeliest tokens of each gap; every gap is foreseen while the others are hidden too.

    Args:
        loaded: A masked language model.
        text: The text; a gap is two or more underscores, or a mask token.
        count: How many tokens are told of each gap.

    Raises:
        WorkbenchError: When the model fills no gaps, the text has none, or all come after the cut.
    """
    tokenizer = loaded.tokenizer
    if loaded.head != "masked-lm" or tokenizer is None or tokenizer.mask_token_id is None:
        raise bad_input(
            f"{loaded.name} does not fill gaps.",
            "It was not trained to foresee hidden words.",
            "Choose a run of the task “Fill in masked words”.",
        )
    hidden, found = GAP.subn(lambda _: str(tokenizer.mask_token), text)
    if not found:
        raise bad_input(
            "The text has no gap.",
            "A gap is where the model is to write.",
            "Write two underscores, __, in place of a word.",
        )
    limit = fitting_length(min(int(tokenizer.model_max_length), 8192), loaded.model)
    whole = tokenizer(hidden, truncation=False, verbose=False)["input_ids"]
    cut = len(whole) > limit
    ids = torch.tensor(tokenizer(hidden, truncation=True, max_length=limit)["input_ids"] if cut else whole)
    places = (ids == tokenizer.mask_token_id).nonzero().flatten()
    note = ""
    if cut:
        note = f"The model reads {limit} tokens: the end of the text was cut off."
        if len(places) < found:
            note += f" {found - len(places)} of {found} gaps are in that part."
    if not len(places):
        raise bad_input(
            "Every gap is in the part that the model cannot read.",
            f"It reads {limit} tokens, and the text has {len(whole)}.",
            "Shorten the text before the first gap.",
        )
    with untouched(loaded.model):
        row = ids[None].to(loaded.device)
        output = loaded.model(input_ids=row, attention_mask=torch.ones_like(row))
    # A head that also judges pairs of sentences names its logits after the words.
    logits = output.logits if "logits" in output else output.prediction_logits
    likely = torch.softmax(logits[0, places.to(logits.device)].float(), dim=-1)
    best = likely.topk(min(count, likely.shape[-1]))
    gaps = tuple(
        tuple(zip(readable_tokens(tokenizer, numbers), shares, strict=True))
        for numbers, shares in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    )
    ids[places] = best.indices[:, 0].cpu()
    return FilledText(str(tokenizer.decode(ids, skip_special_tokens=True)), gaps, note)
