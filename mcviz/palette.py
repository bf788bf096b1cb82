"""What each colour stands for, once: the stepper's stylesheet, figures and widgets take theirs from here.

>>> PALETTES["light"].gate, PALETTES["dark"].gate
('#6a3bd0', '#b79bff')
"""

from collections.abc import Mapping
from dataclasses import dataclass

Scale = tuple[tuple[float, str], ...]
"""Places from 0 to 1 and their colours, mixed in between."""


@dataclass(frozen=True)
class Palette:
    """The colours on one ground: text reaches a contrast of 4.5:1 with it, marks 3:1."""

    ground: str  # what a figure is drawn on
    zero: str  # 0 on a scale: a shade off the ground, which is where nothing is
    grid: str  # lines to read values by
    ink: str  # text and axes, what is chosen, the token that is looked at, attention
    muted: str  # what cannot be read, ranges, what stands beside
    checkpoint: str  # memories of earlier segments, where no gate weighs them
    gate: str  # gates, and checkpoints by the gate that they have
    online: str  # the token's own segment, and one memory for all
    answer: str  # where the answer stands, what is right
    wrong: str  # what is wrong
    negative: str  # below 0
    positive: str  # above 0
    veil: str  # laid over what cannot be read

    @property
    def selected(self) -> str:
        """What the router took: it has a gate."""
        return self.gate

    @property
    def amount(self) -> Scale:
        """0 and up: gates."""
        return (0.0, self.zero), (1.0, self.gate)

    @property
    def measure(self) -> Scale:
        """0 and up: what is not a gate."""
        return (0.0, self.zero), (1.0, self.checkpoint)

    @property
    def signed(self) -> Scale:
        """Below and above 0: memories, what they say."""
        return (0.0, self.negative), (0.5, self.zero), (1.0, self.positive)


PALETTES: Mapping[str, Palette] = {
    "light": Palette(
        ground="#ffffff",
        zero="#f5f6f8",
        grid="#e3e6ea",
        ink="#1b1f24",
        muted="#646d78",
        checkpoint="#333c4d",
        gate="#6a3bd0",
        online="#596273",
        answer="#00764e",
        wrong="#b02a00",
        negative="#1d63c4",
        positive="#c96a00",
        veil="rgba(255, 255, 255, 0.78)",
    ),
    "dark": Palette(
        ground="#0e1117",
        zero="#1a1e27",
        grid="#2b313b",
        ink="#e8ebef",
        muted="#949da8",
        checkpoint="#d0d7e2",
        gate="#b79bff",
        online="#a3adbf",
        answer="#4cd6a0",
        wrong="#ff9466",
        negative="#6cabff",
        positive="#ffa640",
        veil="rgba(14, 17, 23, 0.78)",
    ),
}

ANYWHERE: Mapping[str, str] = {"gate": "#8d66e8", "muted": "#7d8794", "answer": "#0d8f62", "wrong": "#d9480f"}
"""Marks inside a notebook's own text, whose ground may be white or near black: 3:1 on both. No text reaches 4.5:1."""

SERIES = ("#1b1f24", "#b5386b", "#0f8ea0", "#6b4318", "#85902a", "#6d1f57", "#1a2ca5")
"""Lines on light ground that stand for none of the above; they also differ by their marks."""
