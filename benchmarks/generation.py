"""How fast language models answer, beside transformers' `generate`; and whether the window stays smooth meanwhile.

Run: python benchmarks/generation.py [speed first turns streaming ticks] [--model FOLDER|tiny] [--rounds N] [--tokens N]
[--threads N]. FOLDER is a model folder, such as that of smollm2 in the model shelf; tiny is a random Llama, in which
the time is that of the code around the model. All but ticks compare two ways in one process, which take turns (A B A
B); the ratios are those of the pairs, by the clock and by processor time, which other programs disturb less (one thread
makes it meaningful, and is the default).

- speed: so many tokens, greedy, from a prompt of 64: ours over `generate`'s (below 1: ours is faster).
- first: a prompt of 500 tokens to its first token: ours over `generate`'s.
- turns: the first token of a chat's second turn, whose first turn had 500 tokens: with the cache kept over without.
- streaming: an answer as it is streamed, each token as text with its probability, over the same loop without text.
- ticks: the lateness of a 10 ms timer in the real window, while the Prompt page streams an answer (offscreen).
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

Timed = tuple[float, float]


def timed(work: Callable[[], object]) -> Timed:
    """Seconds by the clock and of the processor."""
    wall, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - used


def compared(
    what: str, ours: Callable[[], object], theirs: Callable[[], object], rounds: int, tokens: int = 0
) -> None:
    """Both in turn, the first time unmeasured; prints medians and the median of the paired ratios."""
    ours(), theirs()
    pairs: list[tuple[Timed, Timed]] = []
    for turn in range(rounds):
        if turn % 2:
            second, first = timed(theirs), timed(ours)
        else:
            first, second = timed(ours), timed(theirs)
        pairs.append((first, second))
    clock, used = ([a[i] / b[i] for a, b in pairs] for i in (0, 1))
    middle = [statistics.median(pair[i][0] for pair in pairs) for i in (0, 1)]
    speeds = f" ({tokens / middle[0]:.0f} and {tokens / middle[1]:.0f} tokens/s)" if tokens else ""
    print(
        f"| {what} | {1000 * middle[0]:.1f} ms | {1000 * middle[1]:.1f} ms{speeds} | "
        f"{statistics.median(clock):.3f} [{min(clock):.2f} to {max(clock):.2f}] | {statistics.median(used):.3f} |",
        flush=True,
    )


def load(name: str) -> Any:
    """The model that is measured."""
    import torch

    from workbench.engine.loading import LoadedModel, load_for_use

    if name != "tiny":
        return load_for_use(Path(name).expanduser(), "model", torch.device("cpu"))
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    pieces = ["<pad>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    plain = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[]))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    tokenizer: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=plain, pad_token="<pad>"
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(pieces), hidden_size=64, num_hidden_layers=4, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=2048, eos_token_id=None, bos_token_id=None,
    )  # fmt: skip
    model: Any = LlamaForCausalLM(config)
    return LoadedModel(model.eval(), tokenizer, "causal-lm", "tiny", torch.device("cpu"))


def written(loaded: Any, ids: list[int], tokens: int, *, reuse: bool = False) -> list[int]:
    """Tokens by the workbench's loop, whatever they are."""
    from workbench.engine.generation import token_stream
    from workbench.engine.live import untouched
    from workbench.engine.sampling import Chance
    from workbench.run.generation import GenerationSettings

    found: list[int] = []
    with untouched(loaded.model):
        settings = GenerationSettings(temperature=0, max_new_tokens=tokens)
        for token, _ in token_stream(loaded, ids, (), settings, Chance(0), reuse=reuse):
            found.append(token)
            if len(found) == tokens:
                break
    return found


def generated(loaded: Any, ids: list[int], tokens: int) -> list[int]:
    """The same tokens by `generate`, which is kept from ending early."""
    import torch

    with torch.no_grad():
        row = torch.tensor([ids])
        found = loaded.model.generate(
            row, attention_mask=torch.ones_like(row), max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False,
            temperature=None, top_p=None, top_k=None, eos_token_id=None, pad_token_id=0, repetition_penalty=1.0,
        )  # fmt: skip
    return [int(token) for token in found[0, len(ids) :]]


def some_ids(loaded: Any, count: int, seed: int = 0) -> list[int]:
    """A prompt of so many tokens."""
    import torch

    chance = torch.Generator().manual_seed(seed)
    return [int(i) for i in torch.randint(20, len(loaded.tokenizer) - 1, (count,), generator=chance)]


def measure(parts: list[str], model: str, rounds: int, tokens: int) -> None:
    """Everything that is compared in this process."""
    loaded = load(model)
    print("| | ours | beside it | ratio by the clock | by processor time |\n| --- | --- | --- | --- | --- |")
    prompt, long = some_ids(loaded, 64), some_ids(loaded, 500, 1)
    if written(loaded, prompt, 16) != generated(loaded, prompt, 16):
        raise SystemExit("The two do not write the same: there is nothing to compare.")
    if "speed" in parts:
        compared(
            f"{tokens} tokens", lambda: written(loaded, prompt, tokens), lambda: generated(loaded, prompt, tokens),
            rounds, tokens,
        )  # fmt: skip
    if "first" in parts:
        compared(
            "first token of 500", lambda: written(loaded, long, 1), lambda: generated(loaded, long, 1), rounds
        )
    if "turns" in parts:
        compare_turns(loaded, long, rounds)
    if "streaming" in parts:
        compare_streaming(loaded, rounds, tokens)


def compare_turns(loaded: Any, first: list[int], rounds: int) -> None:
    """The second turn: 30 new tokens after a first turn of 500 and an answer of 8."""
    answer = written(loaded, first, 8, reuse=True)
    second = [*first, *answer, *some_ids(loaded, 30, 2)]

    def kept() -> None:
        written(loaded, second, 1, reuse=True)

    if written(loaded, second, 8, reuse=True) != written(loaded, second, 8):
        raise SystemExit("With the cache kept, other tokens are written.")
    pairs: list[tuple[Timed, Timed]] = []
    for _ in range(rounds):
        written(
            loaded, first, 8, reuse=True
        )  # what was read last is the first turn, as when the second is asked
        pairs.append((timed(kept), timed(lambda: written(loaded, second, 1))))
    clock, used = ([a[i] / b[i] for a, b in pairs] for i in (0, 1))
    middle = [statistics.median(pair[i][0] for pair in pairs) for i in (0, 1)]
    print(
        f"| second turn, first token | {1000 * middle[0]:.1f} ms | {1000 * middle[1]:.1f} ms | "
        f"{statistics.median(clock):.3f} [{min(clock):.2f} to {max(clock):.2f}] | {statistics.median(used):.3f} |",
        flush=True,
    )


def compare_streaming(loaded: Any, rounds: int, tokens: int) -> None:
    """An answer token by token as text, and the bare loop."""
    from workbench.engine.generation import generate, prompt_ids
    from workbench.run.generation import GenerationSettings

    settings = GenerationSettings(temperature=0, max_new_tokens=tokens, chat=False)
    prompt = "Tell me a long story about a ship, the harbour that it left, and everything it met on its way."
    streamed: list[object] = []
    length = len(generate(loaded, prompt, settings)[0].tokens)
    ids = prompt_ids(loaded, prompt, settings)
    compared(
        f"streamed answer of {length} tokens",
        lambda: generate(loaded, prompt, settings, streamed.append),
        lambda: written(loaded, ids, length), rounds, length,
    )  # fmt: skip


def measure_ticks(model: str, tokens: int) -> None:
    """The window's timer: idle, then while an answer is streamed."""
    from benchmarks.smoothness import Ticks, open_window, print_ticks, spin, wait

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shelf = folder / "home" / "models"
        shelf.mkdir(parents=True)
        if model == "tiny":
            loaded = load("tiny")
            loaded.model.save_pretrained(shelf / "measured")
            loaded.tokenizer.save_pretrained(shelf / "measured")
        else:
            (shelf / "measured").symlink_to(Path(model).expanduser().resolve())
        with open_window(folder) as bench:
            bench.window.show_page("prompt")
            wait(lambda: bench.window.centre.pane("prompt") is not None, "the page")
            pane: Any = bench.window.centre.pane("prompt")
            wait(lambda: any(c.model == "measured" for c in pane.chooser.choices()), "the model's name")
            pane.chooser.pick("measured")
            pane.writer.form.edits["max_new_tokens"].editor.setValue(tokens)
            answer(pane, spin)  # loads the model
            ticks = Ticks(False)
            ticks.start()
            spin(5)
            print_ticks("idle", ticks.stop())
            ticks.start()
            counted = answer(pane, spin)
            print_ticks(f"an answer of {counted} tokens is streamed", ticks.stop())


def answer(pane: Any, spin: Callable[..., None]) -> int:
    """Ask, and wait for the end; the number of tokens."""
    pane.writer.box.setPlainText("Tell me a long story about a ship and its harbour.")
    pane.writer.begin()
    turn = pane.writer.turns[-1]
    spin(600, lambda: all(one.written.ended for one in turn.answers))
    return sum(one.text.tokens for one in turn.answers)


def main() -> None:
    """Measure the named parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--model", default="tiny", metavar="FOLDER|tiny")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    parts = args.parts or ["speed", "first", "turns", "streaming", "ticks"]
    if hasattr(os, "getloadavg"):
        print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}", flush=True)
    if {"speed", "first", "turns", "streaming"} & set(parts):
        import torch

        torch.set_num_threads(args.threads)
        measure(parts, args.model, args.rounds, args.tokens)
    if "ticks" in parts:
        measure_ticks(args.model, max(args.tokens, 200))


if __name__ == "__main__":
    main()
