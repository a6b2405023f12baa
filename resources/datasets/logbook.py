"""Writes the log book of an invented lighthouse: one dated entry a day in a fixed manner, for language-model tuning.

The weather drifts from day to day, the lamp follows the length of the night, and the oil in the tank is counted
down until the tender comes, so that the book agrees with itself.
"""

from __future__ import annotations

import math
import tomllib
from datetime import date, timedelta
from pathlib import Path
from random import Random

from phrases import Grammar

SEED = 20264
FIRST_DAY = date(1874, 9, 1)
DAYS = 200
TANK = 180.0  # gallons
WINDS = ("N", "NNE", "NE", "E", "SE", "S", "SSW", "SW", "WSW", "W", "NW", "NNW")
FORCES = ("calm", "light airs", "a light breeze", "moderate", "fresh", "strong", "a gale", "a whole gale")
SEAS = (
    "like a floor",
    "smooth",
    "slight",
    "slight",
    "lively",
    "rough",
    "high",
    "very high, spray over the gallery",
)
NUMBERS = ("no", "one", "two", "three")


class Weather:
    """Wind, its force and the glass, drifting from one day to the next."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.wind = 7
        self.force = 3
        self.glass = 29.8
        self.was = 29.8

    def next_day(self) -> None:
        """Moves on by a day; a falling glass brings wind."""
        self.was = self.glass
        self.glass = min(
            30.5, max(28.7, self.glass + self.random.uniform(-0.35, 0.35) + (29.7 - self.glass) * 0.2)
        )
        change = round((self.was - self.glass) * 6 + self.random.uniform(-1.2, 1.2))
        self.force = min(7, max(0, self.force + change))
        if self.force > 5 and self.glass > self.was:
            self.force -= 1
        self.wind = (self.wind + self.random.choice((-2, -1, 0, 0, 1, 1, 2))) % len(WINDS)

    def line(self) -> str:
        """The weather as the keeper puts it."""
        turn = self.glass - self.was
        glass = "steady" if abs(turn) < 0.05 else "rising" if turn > 0 else "falling"
        air = "Calm" if self.force == 0 else f"Wind {WINDS[self.wind]}, {FORCES[self.force]}"
        return f"{air}. Glass {self.glass:.2f} and {glass}. Sea {SEAS[self.force]}."


def lamp_times(day: date) -> tuple[str, str, float]:
    """When the lamp is lit and put out, as clock times, and the hours between, after the season."""
    shift = 2.1 * math.cos(2 * math.pi * (day.timetuple().tm_yday + 10) / 365)
    lit, out = 18.3 - shift, 5.9 + shift
    return _clock(lit), _clock(out), out + 24 - lit


def _clock(hours: float) -> str:
    minutes = round(hours * 60)
    return f"{minutes // 60 % 12 or 12}.{minutes % 60:02d}"


def measure(gallons: float) -> str:
    """A quantity of oil in gallons and pints."""
    pints = round(gallons * 8)
    whole, rest = divmod(pints, 8)
    parts = [f"{whole} gallon{'s' if whole != 1 else ''}"] if whole else []
    parts += [f"{rest} pint{'s' if rest != 1 else ''}"] if rest else []
    return " ".join(parts) or "none"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th and so on."""
    if number in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def write_book() -> str:
    """The whole book as plain text, entries parted by an empty line."""
    with (Path(__file__).parent / "grammar" / "harbour-tales.toml").open("rb") as file:
        spec = tomllib.load(file)
    random = Random(SEED)
    grammar = Grammar(spec, random)
    weather = Weather(random)
    oil = TANK
    entries = [spec["opening"].strip()]
    for offset in range(DAYS):
        day = FIRST_DAY + timedelta(days=offset)
        weather.next_day()
        lit, out, hours = lamp_times(day)
        used = hours * 0.21 + random.uniform(-0.15, 0.15)
        oil -= used
        lines = [
            f"{day:%A}, the {ordinal(day.day)} of {day:%B} {day.year}.",
            weather.line(),
            f"Lamp lit at {lit}, put out at {out}. Oil used, {measure(used)}; in the tank, {measure(oil)}.",
            ships(grammar, weather.force),
        ]
        kind = "storm" if weather.force >= 6 else "quiet" if weather.force <= 1 else "common"
        lines.append("Remarks. " + grammar.text(f"{{{kind}}}") + " " + grammar.text("{remark}"))
        if day.weekday() == 6:
            lines.append(grammar.text("{sunday}"))
        if oil < 70 and weather.force <= 4:
            oil = TANK
            lines.append(grammar.text("{tender}") + f" Tank filled to {measure(oil)}.")
        lines.append(grammar.text("{close}"))
        entries.append("\n".join(lines))
    return "\n\n".join(entries) + "\n"


def ships(grammar: Grammar, force: int) -> str:
    """The line on what passed the light; little passes in a gale."""
    count = grammar.random.choice((0, 1, 1)) if force >= 6 else grammar.random.choice((0, 1, 1, 2, 2, 3))
    if count == 0:
        return grammar.text("{no_ship}")
    seen = [name[0].lower() + name[1:] for name in (grammar.text("{ship}") for _ in range(count))]
    return f"Passed the light, {NUMBERS[count]}: {'; '.join(seen)}."
