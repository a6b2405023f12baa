"""A tiny model in training and what its checkpoints need, for tests of saving."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

from workbench.engine import checkpoints
from workbench.engine.checkpoints import Position, Snapshot

POSITION = Position(
    step=4,
    seconds=1.25,
    samples=32,
    best_value=0.5,
    best_step=3,
    best_metrics={"loss": 0.5},
    measured_step=3,
    rate_scale=0.1,
    plateau={"factor": 0.5, "waited": 2},
    patience={"waited": 1},
    precision="fp32",
)


class Training:
    """A small BERT and its optimizer; `step` trains it on random tokens."""

    def __init__(self, seed: int = 0) -> None:
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=60,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=24,
            max_position_embeddings=16,
            num_labels=3,
        )
        self.model = BertForSequenceClassification(config)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-2)
        self.scaler = torch.amp.GradScaler("cpu", enabled=False)

    def step(self, times: int = 1) -> None:
        """Train."""
        for _ in range(times):
            tokens = torch.randint(5, 60, (4, 8))
            loss = self.model(input_ids=tokens, labels=torch.randint(0, 3, (4,))).loss
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()

    def snapshot(self, step: int = 4, *, only_trained: bool = False) -> Snapshot:
        """What a checkpoint after this step holds; the training methods keep one tensor."""
        extra = {"average": torch.arange(5.0) * step}
        position = replace(POSITION, step=step)
        return checkpoints.snapshot(
            self.model, self.optimizer, self.scaler, position, extra, only_trained=only_trained
        )

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of all weights."""
        return {name: tensor.clone() for name, tensor in self.model.state_dict().items()}


def sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """Whether two sets of weights are equal to the bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
