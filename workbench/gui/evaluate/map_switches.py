"""How a map of the rows is drawn and coloured: the switches above it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from workbench.gui.evaluate.map_asking import MOST
from workbench.gui.theme import SMALL
from workbench.gui.widgets import GhostButton, Segmented


class MapSwitches(QWidget):
    """The projection, the colours, and whether the map goes over the training."""

    def __init__(self) -> None:
        super().__init__()
        self.projection = Segmented(
            (
                ("pca", self.tr("PCA"), "", self.tr("The two directions in which rows differ most. At once.")),
                (
                    "tsne",
                    self.tr("t-SNE"),
                    "",
                    self.tr("Keeps neighbours together, and shows groups better. Takes a while, and at most {0} rows.")
                    .format(MOST["tsne"]),
                ),
            ),
            self.tr("How the map is drawn"),
        )  # fmt: skip
        self.colours = Segmented(
            (
                ("true", self.tr("Class"), "", self.tr("A colour for each right class.")),
                ("predicted", self.tr("Predicted"), "", self.tr("A colour for each predicted class.")),
                ("error", self.tr("Errors"), "", self.tr("Where the model is right, and where it is wrong.")),
                (
                    "against",
                    self.tr("Runs"),
                    "",
                    self.tr("Which of the two models is right. Choose the other one above, under “Against”."),
                ),
            ),
            self.tr("Colours"),
        )
        for switch in (self.projection, self.colours):
            switch.setProperty("dense", True)
        self.training = GhostButton(
            self.tr("Over the training"),
            "play",
            help=self.tr(
                "Draw the same map by the model before the training, at each checkpoint that was kept, and after it, "
                "and play it."
            ),
        )
        self.training.setCheckable(True)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SMALL)
        for widget in (self.projection, self.colours, self.training):
            line.addWidget(widget)

    def allow(self, labelled: bool, against: bool) -> None:
        """Offer the colours that there are: without labels nothing is wrong, without another model nothing differs."""
        for key, able in (("true", labelled), ("error", labelled), ("against", labelled and against)):
            self.colours.button(key).setEnabled(able)
        if not self.colours.button(self.colours.current()).isEnabled():
            self.colours.choose("true" if labelled else "predicted")
