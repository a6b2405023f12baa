"""How a run's model is loaded in Python, in about five lines that can be copied, right for each task."""

from __future__ import annotations

from workbench.session.cards import loading_code

_ANSWER = "print(tokenizer.decode(model.generate(**tokens, max_new_tokens=50)[0]))"
_WORDS = 'tokens = tokenizer("A text", return_tensors="pt")'

#: The lines after `tokenizer` and `model`, by the recipe's `task.kind`.
_USE = {
    "text-classification": (_WORDS, "print(model.config.id2label[int(model(**tokens).logits.argmax())])"),
    "multi-label": (
        f"chances = model(**{_WORDS[9:]}).logits.sigmoid()[0]",
        "print([name for i, name in model.config.id2label.items() if chances[i] >= model.config.thresholds[i]])",
    ),
    "regression": (
        f"values = model(**{_WORDS[9:]}).logits[0].tolist()",
        "print([x * s + m for x, s, m in zip(values, model.config.target_std, model.config.target_mean)])",
    ),
    "token-classification": (
        'tokens = tokenizer("A text with names", return_tensors="pt")',
        "print([model.config.id2label[i] for i in model(**tokens).logits[0].argmax(-1).tolist()])",
    ),
    "causal-lm": ('tokens = tokenizer("Once", return_tensors="pt")', _ANSWER),
    "seq2seq": (_WORDS, _ANSWER),
    "masked-lm": (
        'tokens = tokenizer(f"It is {tokenizer.mask_token} today.", return_tensors="pt")',
        "hidden = tokens.input_ids[0] == tokenizer.mask_token_id",
        "print(tokenizer.decode(model(**tokens).logits[0, hidden].argmax(-1)))",
    ),
    "chat": (
        'talk = [{"role": "user", "content": "Hello"}]',
        'how = {"add_generation_prompt": True, "return_dict": True, "return_tensors": "pt"}',
        "tokens = tokenizer.apply_chat_template(talk, **how)",
        _ANSWER,
    ),
}


def load_snippet(task: str, weights: str, folder: str) -> str:
    """Python that loads a model and asks it once.

    Args:
        task: The recipe's `task.kind`.
        weights: Its `weights.kind`.
        folder: Where the model lies.
    """
    known = {"preference": "chat"}.get(task, task)
    lines = _USE.get(known, _USE["text-classification"])
    code = loading_code(task or "text-classification", weights, "folder").replace(
        "\n\n", f"\n\nfolder = {folder!r}\n", 1
    )
    return "\n".join((code, *lines))
