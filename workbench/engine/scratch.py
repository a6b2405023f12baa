"""A model from nothing: first weights drawn from a seed, and a tokeniser learned from the person's own text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForPreTraining, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from workbench.data.suggest import counted
from workbench.engine.frozen import model_files, tokenizer_files
from workbench.engine.reader import SLIDES
from workbench.engine.task import Goods
from workbench.engine.writer import publish, write_folder
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.run.scratch_fields import Tokeniser, tokeniser_of

END = "<|endoftext|>"
UNKNOWN = "<|unknown|>"
BERT_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
#: The characters that word pieces are made of, at most; rarer ones become the unknown token.
MOST_CHARACTERS = 1000
#: Lines that the tokeniser is given at once; between two portions the person may stop.
PORTION = 1000

Check = Callable[[], object]


def build(recipe: Recipe, texts: Sequence[str], folder: Path, check: Check = lambda: None) -> None:
    """Write a new model's folder, as any other model folder is, whole or not at all.

    The tokeniser is a function of the training texts and the recipe's scratch section, the weights of the seed and
    the shape: the same recipe gives the same folder to the byte.

    Args:
        recipe: Shape, tokeniser, maximum length (which becomes the number of positions) and seed.
        texts: The training texts.
        folder: Where it goes; what is there is replaced.
        check: Called now and then; may raise to end the work.

    Raises:
        WorkbenchError: When the texts have no characters.
    """
    tokenizer = new_tokenizer(recipe, texts, check)
    check()
    model = new_model(recipe, tokenizer)
    staged = folder.with_name(f".{folder.name}.partial")
    write_folder(staged, {**model_files(model), **tokenizer_files(tokenizer)})
    publish(staged, folder)


def in_words(recipe: Recipe, goods: Goods) -> str:
    """What a recipe's new model is, in a sentence or two."""
    weights = sum(p.numel() for p in goods.model.parameters())
    found, wanted = len(goods.tokenizer), recipe.scratch.vocabulary
    shape = recipe.scratch
    said = (
        f"The model starts from nothing: {counted(shape.layers, 'layer')} of {counted(shape.heads, 'head')}, width "
        f"{shape.width}, {weights:,} weights, {found:,} tokens in its vocabulary."
    )
    if tokeniser_of(recipe) == "characters" or found >= wanted:
        return said
    return f"{said} The text is too short for more of the {wanted:,} that were wanted."


# ---- the tokeniser


def new_tokenizer(recipe: Recipe, texts: Sequence[str], check: Check = lambda: None) -> Any:
    """A tokeniser for a recipe's new model, learned from its training texts.

    Raises:
        WorkbenchError: When the texts have no characters.
    """
    if not any(text.strip() for text in texts):
        raise bad_input(
            "There is no text to learn a tokeniser from.",
            "The training text is empty.",
            "Choose data with text in it.",
            field="data.train",
        )
    how, gpt = tokeniser_of(recipe), recipe.model.source.strip() == "new-gpt"
    special = [END] if gpt else list(BERT_TOKENS)
    made = _LEARNED[how](texts, special, recipe.scratch.vocabulary, check)
    names: dict[str, Any] = {"eos_token": END, "bos_token": END, "pad_token": END}
    if gpt and UNKNOWN in made.get_vocab():
        names["unk_token"] = UNKNOWN
    if not gpt:
        names = {f"{name[1:-1].lower()}_token": name for name in BERT_TOKENS}
        names["model_input_names"] = ["input_ids", "token_type_ids", "attention_mask"]
        begin, end = ((name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]"))
        made.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[begin, end]
        )
    of: Any = PreTrainedTokenizerFast
    return of(tokenizer_object=made, model_max_length=recipe.training.max_length, **names)


def _characters(texts: Sequence[str], special: list[str], size: int, check: Check) -> Tokenizer:
    """A token for each character of the texts, in the order of their numbers."""
    found: set[str] = set()
    for portion in _portions(texts, check):
        found.update(*portion)
    unknown = "[UNK]" if "[UNK]" in special else UNKNOWN
    names = [*special, *([] if unknown in special else [unknown]), *sorted(found)]
    made = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names)}, unk_token=unknown))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    made.decoder = decoders.Fuse()
    return made


def _byte_pairs(texts: Sequence[str], special: list[str], size: int, check: Check) -> Tokenizer:
    """Byte pairs (Sennrich et al. 2016) over the 256 bytes: no text is unknown."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer: Any = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    made.train_from_iterator(_portions(texts, check), trainer)
    return made


def _word_pieces(texts: Sequence[str], special: list[str], size: int, check: Check) -> Tokenizer:
    """Word pieces of text in small letters without accents, as BERT's."""
    normalizer: Any = normalizers.BertNormalizer()
    counts: Counter[str] = Counter()
    for portion in _portions(texts, check):
        for line in portion:
            counts.update(c for c in normalizer.normalize_str(line) if not c.isspace())
    ranked = sorted(counts, key=lambda c: (-counts[c], c))[:MOST_CHARACTERS]
    alphabet = sorted(ranked)
    # The library meets the inner pieces in the order of a hash table, another one in each process. Given beforehand,
    # in an order of ours, the vocabulary is the same every time.
    inner = [f"##{character}" for character in alphabet]
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces: Any = pre_tokenizers.BertPreTokenizer()
    learner.normalizer, learner.pre_tokenizer = normalizer, pieces
    trainer: Any = trainers.WordPieceTrainer(
        vocab_size=size,
        special_tokens=[*special, *inner],
        show_progress=False,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
    )
    learner.train_from_iterator(_portions(texts, check), trainer)
    made = Tokenizer(models.WordPiece(learner.get_vocab(), unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer, made.decoder = normalizer, pieces, decoders.WordPiece()
    return made


_LEARNED: dict[Tokeniser, Callable[[Sequence[str], list[str], int, Check], Tokenizer]] = {
    "characters": _characters,
    "byte-pairs": _byte_pairs,
    "word-pieces": _word_pieces,
}


def _portions(texts: Sequence[str], check: Check) -> Iterator[list[str]]:
    """The lines of all texts, with their ends, in portions."""
    waiting: list[str] = []
    for text in texts:
        for line in text.splitlines(keepends=True):
            waiting.append(line)
            if len(waiting) == PORTION:
                check()
                yield waiting
                waiting = []
    check()
    if waiting:
        yield waiting


# ---- the weights


def new_model(recipe: Recipe, tokenizer: Any) -> torch.nn.Module:
    """A model of the recipe's shape, float32 on the CPU; its weights are a function of the seed alone.

    The GPT is GPT-2 with the exact GELU and without dropout, its head tied to the table of tokens; first weights are
    those of Radford et al. 2019, normal with σ = 0.02, and 0.02/√(2 · layers) where a branch joins the residual. The
    BERT has both heads of its pre-training (Devlin et al. 2019), so that no task finds one of them missing.
    """
    shape, positions = recipe.scratch, recipe.training.max_length
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.training.seed)
        if recipe.model.source.strip() == "new-gpt":
            config = GPT2Config(
                vocab_size=len(tokenizer),
                n_positions=positions,
                n_embd=shape.width,
                n_layer=shape.layers,
                n_head=shape.heads,
                activation_function="gelu",
                resid_pdrop=0.0,
                embd_pdrop=0.0,
                attn_pdrop=0.0,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
            setattr(config, SLIDES, True)
            return GPT2LMHeadModel(config)
        return BertForPreTraining(
            BertConfig(
                vocab_size=len(tokenizer),
                max_position_embeddings=positions,
                hidden_size=shape.width,
                num_hidden_layers=shape.layers,
                num_attention_heads=shape.heads,
                intermediate_size=4 * shape.width,
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
                pad_token_id=tokenizer.pad_token_id,
            )
        )
