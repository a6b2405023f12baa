"""What all tests share: no network, one thread, tiny real models and a tiny data set."""

from __future__ import annotations

import os
import tempfile

# Before anything imports torch or transformers.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_CACHE"] = f"{tempfile.gettempdir()}/no-models-of-this-machine"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from workbench.run.home import Home

# The same examples each time, however long one takes, so that neither chance nor a busy machine decides; others are
# looked for with `pytest --hypothesis-profile default`.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.load_profile("gate")

TOPICS = {
    "weather": ("rain", "sun", "cloud", "storm", "wind", "snow", "fog", "heat"),
    "kitchen": ("bread", "soup", "salt", "oven", "knife", "sugar", "plate", "onion"),
    "travel": ("train", "ticket", "hotel", "map", "airport", "luggage", "border", "road"),
}
FILLERS = ("the", "a", "we", "saw", "today", "and", "with", "some", "near", "again", "old", "new")


REAL = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def real() -> Callable[[str], Path]:
    """The path of a real data file; skips where it is missing."""

    def find(name: str) -> Path:
        path = REAL / name
        if not path.is_file():
            pytest.skip(f"the real data file shared/data/{name} is not beside this clone")
        return path

    return find


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file of this test's own folder."""

    def make(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may touch the home of the person who runs the tests."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home of this test alone."""
    return Home(tmp_path / "home")


def sentences(rows: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """(text, class) pairs that a tiny model separates: two topic words among three fillers."""
    chance = random.Random(seed)
    names = list(TOPICS)
    for index in range(rows):
        label = names[index % len(names)]
        words = chance.sample(TOPICS[label], 2) + chance.sample(FILLERS, 3)
        chance.shuffle(words)
        yield " ".join(words), label


@pytest.fixture(scope="session")
def tiny_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of 120 rows."""
    return write_tiny_csv(tmp_path_factory.mktemp("data") / "topics.csv")


def write_tiny_csv(path: Path) -> Path:
    """Write 120 rows, columns text and label, three separable classes."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(sentences(120))
    return path


@pytest.fixture(scope="session")
def tiny_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain text file of about 6 000 characters that repeats itself enough to be learned."""
    path = tmp_path_factory.mktemp("data") / "story.txt"
    path.write_text("\n".join(f"{text}." for text, _ in sentences(200, seed=1)) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT encoder."""
    return write_tiny_bert(tmp_path_factory.mktemp("models") / "tiny-bert")


def write_tiny_bert(folder: Path) -> Path:
    """Write a random BERT encoder (2 layers, 2 heads, width 32) and a word tokenizer."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [*special, *FILLERS, *(word for topic in TOPICS.values() for word in topic), ".", ",", "?"]
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
    ).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(
            BertConfig(
                vocab_size=len(words),
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
                max_position_embeddings=64,
                pad_token_id=0,
            )
        ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random Llama (2 layers, 4 query heads on 2 key heads, width 32) that reads bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny-llama"
    pieces = ["<pad>", "<end>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<end>", model_max_length=128
    ).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(pieces),
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                intermediate_size=64,
                max_position_embeddings=128,
                pad_token_id=0,
                bos_token_id=1,
                eos_token_id=1,
            )
        ).save_pretrained(folder)
    return folder
