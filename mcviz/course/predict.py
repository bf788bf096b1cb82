"""Predict, then reveal: say which segments a token will read before the model's own gates are shown.

card = predict.Scorecard()
card.segments(trace, t=40)   # pick the memories that token 40 reads
card.gates(trace, t=40)      # draw its gates
card                         # how well you did, and how well you knew it
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np
from jaxtyping import Float

from mcviz import stand_in
from mcviz.palette import ANYWHERE
from mcviz.trace import Trace
from mcviz.words import portion

Array = np.ndarray
GATE, GUESS = ANYWHERE["gate"], ANYWHERE["muted"]


@dataclass(frozen=True)
class Round:
    """One prediction and what came of it."""

    t: int
    score: float  # 0 to 1
    hit: bool  # whether the memory that counts most was predicted
    confidence: float | None = None  # that it would be a hit, 0.5 to 1; None where it was not asked for


@dataclass
class Scorecard:
    """The rounds of a notebook. Its display shows the score and the calibration."""

    rounds: list[Round] = field(default_factory=list)

    def segments(self, trace: Trace, t: int, head: int = 0) -> "Segments":
        """A widget to pick the memories that token `t` reads; it shows as many places as the run has segments."""
        return Segments(self, trace, t, head)

    def gates(self, trace: Trace, t: int, head: int = 0) -> "Gates":
        """A widget to draw the gates of token `t`."""
        return Gates(self, trace, t, head)

    @property
    def score(self) -> float | None:
        """The mean score of all rounds; None before the first."""
        return float(np.mean([one.score for one in self.rounds])) if self.rounds else None

    @property
    def brier(self) -> float | None:
        """Mean of (confidence - hit)²: 0 for one who always knows, 0.25 for one who always says 50 %."""
        sure = [(one.confidence - one.hit) ** 2 for one in self.rounds if one.confidence is not None]
        return float(np.mean(sure)) if sure else None

    def lines(self) -> list[str]:
        """The score and the calibration, in words."""
        if self.score is None:
            return ["No prediction yet."]
        said = [f"{len(self.rounds)} predictions, score {self.score:.0%}."]
        sure = [one for one in self.rounds if one.confidence is not None]
        if self.brier is not None:
            confident = float(np.mean([one.confidence for one in sure if one.confidence is not None]))
            right = float(np.mean([one.hit for one in sure]))
            gap = confident - right
            verdict = "well calibrated" if abs(gap) < 0.1 else "too sure of yourself" if gap > 0 else "too modest"
            said.append(f"You were {confident:.0%} confident and right in {right:.0%}: {verdict}.")
            said.append(f"Brier score {self.brier:.2f} (0 is best, 0.25 is always saying 50 %).")
        return said

    def __repr__(self) -> str:
        return " ".join(self.lines())

    def _repr_html_(self) -> str:
        return "<p><b>Your score</b><br>" + "<br>".join(map(escape, self.lines())) + "</p>"


class Prediction(widgets.VBox):  # type: ignore[misc]
    """A question about one token, controls to answer it, and a button that reveals what the run did."""

    def __init__(self, card: Scorecard, trace: Trace, t: int, head: int, ask: str, controls: Sequence[Any]) -> None:
        t, head = trace.at(t, head)
        self.card, self.trace, self.t, self.head = card, trace, t, head
        self.round: Round | None = None
        self.button = widgets.Button(description="Reveal", button_style="primary")
        self.button.on_click(lambda _: self.reveal())
        self.shown = widgets.HTML()
        label = trace.tokens[t] if trace.tokens else str(t)
        question = widgets.HTML(f"<b>Token {t}, “{escape(label)}”.</b> {ask}")
        self.question = question.value
        super().__init__([question, *controls, self.button, self.shown])

    def _ipython_display_(self) -> None:
        """The widget, and where it does not live the question."""
        still = f"<p>{self.question}</p><p><i>Controls stand here once the cell is run.</i></p>"
        stand_in.show(self, still, "a question")

    @property
    def n(self) -> int:
        """Memories that the token can reach: checkpoints, and its online memory last."""
        return int(self.trace.segment_of[self.t]) + 1

    @property
    def names(self) -> list[str]:
        return [*(str(i) for i in range(self.n - 1)), f"{self.n - 1} online"]

    @property
    def truth(self) -> Float[Array, "n"]:
        """The gates that the run used."""
        gates: Array = self.trace.weights[self.t, self.head, : self.n]
        return gates

    def judge(self) -> Round:
        """What the prediction is worth."""
        raise NotImplementedError

    def reveal(self) -> None:
        """Judge the prediction, once, and show the gates beside it."""
        if self.round is None:
            self.round = self.judge()
            self.card.rounds.append(self.round)
            self.button.disabled = True
        self.shown.value = self.picture()

    def guessed(self) -> Float[Array, "n"]:
        """The prediction as numbers, to stand beside the gates."""
        raise NotImplementedError

    def picture(self) -> str:
        """The gates of the run and the prediction as bars of text width, and the verdict."""
        assert self.round is not None
        rows = [
            f"<tr><td style='text-align:right;padding-right:8px'>{name}</td>"
            f"<td style='width:220px'>{bar(gate, GATE)}{bar(guess, GUESS)}</td><td>{escape(portion(gate))}</td></tr>"
            for name, gate, guess in zip(self.names, self.truth, self.guessed(), strict=True)
        ]
        verdict = "You had the one that counts most." if self.round.hit else "The one that counts most is another."
        legend = f"<span style='color:{GATE}'>■</span> gate <span style='color:{GUESS}'>■</span> your prediction"
        return f"<table>{''.join(rows)}</table><p>{legend}. {verdict} Score {self.round.score:.0%}.</p>"


def bar(share: float, colour: str) -> str:
    """A bar as wide as its share."""
    return f"<div style='background:{colour};height:7px;margin:1px;width:{100 * min(1.0, float(share)):.1f}%'></div>"


class Segments(Prediction):
    """Pick memories. The score is the gate mass on the picked ones beyond an equal share for each, as a part of the
    most that any picks could have: all of it for those with more than an equal share, none for picking everything."""

    def __init__(self, card: Scorecard, trace: Trace, t: int, head: int = 0) -> None:
        n = int(trace.segment_of[t]) + 1 if 0 <= t < trace.T else 0
        self.picks = [
            widgets.ToggleButton(description=str(i) if i < n - 1 else f"{i} online", layout={"width": "6.5em"})
            for i in range(n)
        ]
        self.confidence = widgets.FloatSlider(
            value=0.75, min=0.5, max=1.0, step=0.05, description="how sure?", readout_format=".0%"
        )
        ask = (
            "Which memories get more than an equal share of its gates? Pick them; then say how sure you are to have "
            "the largest."
        )
        box = widgets.HBox(self.picks, layout={"flex_flow": "row wrap"})
        super().__init__(card, trace, t, head, ask, [box, self.confidence])

    def pick(self, *segments: int, confidence: float = 0.75) -> None:
        """Pick as a click would. Raises `ValueError` for a segment that the token cannot reach."""
        for i in segments:
            if not 0 <= i < self.n:
                raise ValueError(f"segments: expected numbers from 0 to {self.n - 1}, got {i!r}")
        for i, toggle in enumerate(self.picks):
            toggle.value = i in segments
        self.confidence.value = confidence

    def guessed(self) -> Float[Array, "n"]:
        return np.array([float(toggle.value) for toggle in self.picks])

    def judge(self) -> Round:
        picked = self.guessed() > 0
        beyond = self.truth - 1 / self.n
        most = beyond[beyond > 0].sum()
        score = max(0.0, float(beyond[picked].sum() / most)) if most > 0 else 1.0
        return Round(self.t, score, bool(picked[np.argmax(self.truth)]), float(self.confidence.value))

    def reveal(self) -> None:
        picked = [bool(toggle.value) for toggle in self.picks]
        if not any(picked):
            self.shown.value = "Pick at least one memory first."
        elif all(picked) and self.n > 1:
            self.shown.value = "Picking all of them predicts nothing: leave at least one out."
        else:
            super().reveal()


class Gates(Prediction):
    """Draw gates. They are scaled to sum to 1; the score is what they share with the run's: Σ min(yours, γ)."""

    def __init__(self, card: Scorecard, trace: Trace, t: int, head: int = 0) -> None:
        n = int(trace.segment_of[t]) + 1 if 0 <= t < trace.T else 0
        self.sliders = [
            widgets.FloatSlider(
                value=0.5,
                min=0.0,
                max=1.0,
                step=0.01,
                orientation="vertical",
                description=str(i) if i < n - 1 else f"{i} online",
                readout=False,
                layout={"height": "140px", "width": "5.5em"},
            )
            for i in range(n)
        ]
        box = widgets.HBox(self.sliders, layout={"flex_flow": "row wrap"})
        super().__init__(card, trace, t, head, "Draw its gates; only their proportions matter.", [box])

    def draw(self, heights: Sequence[float]) -> None:
        """Set all sliders. Raises `ValueError` unless there is one number from 0 to 1 for each memory."""
        if len(heights) != self.n or not all(0 <= height <= 1 for height in heights):
            raise ValueError(f"heights: expected {self.n} numbers from 0 to 1, got {list(heights)!r}")
        for slider, height in zip(self.sliders, heights, strict=True):
            slider.value = height

    def guessed(self) -> Float[Array, "n"]:
        heights = np.array([slider.value for slider in self.sliders])
        return heights / heights.sum() if heights.sum() > 0 else np.full(self.n, 1 / self.n)

    def judge(self) -> Round:
        guess = self.guessed()
        shared = float(np.minimum(guess, self.truth).sum())
        return Round(self.t, shared, int(np.argmax(guess)) == int(np.argmax(self.truth)))
