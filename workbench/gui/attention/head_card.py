"""One head, or several together, enlarged: as a map of weights or as links between tokens."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QStackedWidget

from workbench.gui.attention.atlas import Head
from workbench.gui.attention.atlas_marks import name_of
from workbench.gui.attention.drawing import Look
from workbench.gui.attention.head_view import HeadView
from workbench.gui.attention.kinds import facts_text
from workbench.gui.attention.labels import head_name, link_text
from workbench.gui.attention.link_view import LinkView
from workbench.gui.attention.shown import Shown
from workbench.gui.widgets import Card, ElidedLabel, IconButton, Segmented
from workbench.run.inside.census import Census

_MAP_HINT = "Rows look at columns. Point at a cell; the wheel zooms."
_LINKS_HINT = "Point at a token to see only its links. Ctrl+click on the left adds a head."


class HeadCard(Card):
    """The chosen head; in words what it does, and a switch between map and links."""

    def __init__(self) -> None:
        super().__init__("-")
        self.title.setText(self.tr("One head"))
        self.switch = Segmented(
            (
                ("map", self.tr("Map"), "", self.tr("Every weight as a coloured cell.")),
                (
                    "links",
                    self.tr("Links"),
                    "",
                    self.tr("Curved lines from each token to those it looks at."),
                ),
            ),
            self.tr("Head as"),
        )
        self.wide = IconButton(
            "zoom",
            self.tr("Only this head"),
            self.tr("Hide the others; Escape brings them back."),
            checkable=True,
        )
        self.fit = IconButton(
            "fit",
            self.tr("Show all tokens"),
            self.tr("Undo zooming and moving."),
            on_click=lambda: self.map.zoom(0),
        )
        self.map = HeadView()
        self.links = LinkView()
        self.facts = ElidedLabel("", "caption")
        self.words = ElidedLabel(self.tr(_MAP_HINT), "muted")
        self._pages = QStackedWidget()
        for widget in (self.switch, self.fit, self.wide):
            self.add_action(widget)
        self.add(self.facts)
        for page in (self.map, self.links):
            self._pages.addWidget(page)
        self.add(self._pages, 1)
        self.add(self.words)
        self.switch.chosen.connect(self._switched)
        for canvas in (self.map, self.links.canvas):
            canvas.pointed.connect(self._say)
            canvas.closed.connect(lambda: self.wide.setChecked(False))

    def shows_links(self) -> bool:
        """Whether heads are drawn as links."""
        return self.switch.current() == "links"

    def show_heads(
        self, shown: Shown, heads: Sequence[Head], top: float, look: Look, census: Census | None
    ) -> None:
        """Show the first head as a map, all of them as links."""
        self.switch.setEnabled(True)
        where = heads[0]
        several = ", ".join(name_of(*head) for head in heads)
        self.title.setText(head_name(*where) if len(heads) == 1 else several)
        kind = facts_text(census.facts(*where)) if census else ""
        if kind and len(heads) > 1:
            kind = f"{name_of(*where)}: {kind}"
        link = self.tr("Strongest link: {0}").format(link_text(shown, shown.strongest(*where)))
        self.facts.setText(" · ".join(part for part in (kind[:1].upper() + kind[1:], link) if part))
        self.map.show_head(shown, where, top, look)
        self.links.canvas.show_heads(shown, heads, look)

    def show_long(self, shown: Shown | None, where: Head, top: float, look: Look) -> None:
        """Show a head of a long text as a map; None while it is fetched."""
        if self.switch.current() != "map":
            self.switch.choose("map")
            self._switched("map")
        self.switch.setEnabled(False)
        self.title.setText(head_name(*where))
        link = shown and self.tr("Strongest link: {0}").format(link_text(shown, shown.strongest(*where)))
        self.facts.setText(link or self.tr("This head is read token by token…"))
        self.map.show_head(shown, where, top, look)

    def take_focus(self) -> None:
        """Let the keyboard speak to what is shown."""
        (self.links.canvas if self.shows_links() else self.map).setFocus()

    def _switched(self, key: str) -> None:
        self._pages.setCurrentWidget(self.links if key == "links" else self.map)
        self.fit.setEnabled(key == "map")
        self._say("")

    def _say(self, words: str) -> None:
        hint = _LINKS_HINT if self.shows_links() else _MAP_HINT
        self.words.setText(words or self.tr(hint))
