"""What can be exported of heads that are taken away: the map of which matter, the prediction, and the pruning curve."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from workbench.gui.attention.ablate_map import MapCard
from workbench.gui.attention.ablate_parts import PruneCard, TakenCard
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.plate import plate
from workbench.run.inside.ablation import Ablation, Importance, Measured, by_layer
from workbench.run.inside.tables import importance_table, pruning_table


def ablation_parts(
    shown: Ablation,
    found: Importance | None,
    points: Mapping[int, Measured],
    cards: tuple[MapCard, TakenCard, PruneCard],
) -> list[Part]:
    """What there is now of the three cards."""
    map_card, taken, prune = cards
    font, model = map_card.font(), shown.model
    gone = by_layer(shown.heads, shown.layers)
    gone = f"Taken away: {gone}" if gone else ""
    parts = []
    if found is not None:
        rows = f"{found.rows_read} held-out rows. {gone}".strip()
        parts.append(
            Part(
                "Which heads matter",
                "head-importance",
                lambda: plate(
                    f"Which heads matter: {model}", rows, map_card.scale.text(), map_card.map, map_card.legend,
                    font=font,
                ),
                partial(importance_table, found),
                partial(_arrays, found),
            )
        )  # fmt: skip
    if shown.before:
        parts.append(
            Part(
                "Prediction",
                "without-heads",
                lambda: plate(
                    f"{taken.title.text()}: {model}", shown.text, f"{taken.words.text()} {gone}".strip(), taken.sides,
                    font=font,
                ),
                partial(_prediction_table, shown),
            )
        )  # fmt: skip
    if len(points) > 1:
        parts.append(
            Part(
                "Curve",
                "pruning-curve",
                lambda: plate(
                    f"Without the least important heads: {model}",
                    "",
                    prune.words.text(),
                    prune.curve,
                    font=font,
                ),
                partial(pruning_table, dict(points)),
            )
        )
    return parts


def _prediction_table(shown: Ablation) -> list[list[str]]:
    after = dict(shown.after)
    lines = [["prediction", "with all heads", "without them"]]
    for name, chance in shown.before:
        lines.append([name, f"{chance:.6g}", f"{after[name]:.6g}" if name in after else ""])
    return lines


def _arrays(found: Importance) -> dict[str, Any]:
    arrays = {"loss": found.losses}
    if found.kind == "gradient":
        return arrays
    arrays |= {"loss_low": found.loss_low, "loss_high": found.loss_high}
    return arrays | {"metric": found.values, "low": found.low, "high": found.high}
