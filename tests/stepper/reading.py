"""Numbers as the view shows them, read back from the page."""

import re

import numpy as np

from mcviz.reference import shares
from tests.stepper.hosts import drawn, expect, shown

NUMBER = re.compile(r"[−<]?(?:\d+\.\d+|\d+)(?:e[−+]\d+)?")


def value(text: str) -> float:
    """`−1.2e−4` -> -0.00012"""
    return float(text.replace("−", "-").replace("∞", "inf"))


def agrees(text: str, number: float) -> bool:
    """Whether `text` is `number` to the digits shown, or says below what it is."""
    if text.startswith("<"):
        return 0 < number < 0.5 * float(text[1:])
    mantissa, _, exponent = text.replace("−", "-").partition("e")
    last = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(value(text) - number) <= 0.5 * last + 1e-6 * abs(number) + 1e-12


def percent_agrees(text: str, share: float) -> bool:
    """Whether `text` is a share in percent, to the digits shown; a dash where there is none."""
    if not np.isfinite(share):
        return text == "–"
    text = text.replace("\u00a0", " ")
    if text == "0 %":
        return abs(share) <= 0.0005
    return text.endswith(" %") and agrees(text.removesuffix(" %"), 100 * share)


def cards(page, view: int = 0) -> dict[int, dict[str, str]]:
    """By segment: the numbers on its card, its class and its label."""
    found = (
        page.locator(".mcviz .view")
        .nth(view)
        .evaluate("""node => [...node.querySelectorAll(".card:not([hidden])")].map((card) => ({
        segment: card.dataset.segment, state: card.className, label: card.getAttribute("aria-label"),
        score: card.querySelector("[data-number=score]").textContent,
        share: card.querySelector("[data-number=share]").textContent,
        word: card.querySelector(".word").textContent,
        chance: card.querySelector("[data-number=alone]").textContent,
        weight: card.querySelector("[data-number=weight]").textContent }))""")
    )
    return {int(card["segment"]): card for card in found}


def check_cards(page, trace, t: int, h: int, view: int = 0) -> int:
    """Compare every card with the Trace at a token and head, once they are shown; how many cards could be read."""
    shown(page, t, head=h)
    own = int(trace.segment_of[t])
    found = cards(page, view)
    adds, heard = shares(trace), trace.alone
    for i, card in found.items():
        if i > own:
            assert "later" in card["state"]
            assert card["weight"] == card["share"] == card["word"] == ""
            continue
        if adds is not None:
            assert percent_agrees(card["share"], adds[t, h, i] if trace.read[t, h, i] else np.nan), (t, h, i, card)
        if heard is None or heard.said[t, i] < 0:
            assert card["word"] == card["chance"] == ""
        else:
            assert card["word"] == heard.words[heard.said[t, i]]
            assert agrees(card["chance"], heard.probabilities[t, i])
        assert ("idle" in card["state"]) == (not trace.read[t, h, i])
        assert ("online" in card["state"]) == (i == own)
        if trace.config.aggregator in ("grm", "ssc", "soup"):
            assert agrees(card["score"], trace.scores[t, h, i]), (t, h, i, card)
        if trace.read[t, h, i]:
            assert agrees(card["weight"], trace.weights[t, h, i]), (t, h, i, card)
        else:
            assert card["weight"] == "–"
    assert own in found
    return sum(i <= own for i in found)


def check_online_state(page, trace, t: int, h: int) -> None:
    """Wait for the picture of the online memory in large, and compare a cell of it with the Trace."""
    shown(page, t, head=h)
    picture = page.locator(".details figure:not(.write) canvas").first
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    row, column = 2, 1
    place = {"x": (column + 0.5) * box["width"] / trace.K, "y": (row + 0.5) * box["height"] / trace.V}
    page.mouse.move(0, 0)
    picture.hover(position=place)  # which waits until it lies still
    tip = page.locator(".mcviz .tip")
    expect(tip).to_have_text(re.compile(rf"^M\[{row}, {column}\] = "))
    number = tip.text_content().split(" = ")[1]
    assert abs(value(number) - trace.states(t)["M"][h, row, column]) <= 1e-5 * np.abs(trace.states(t)["M"]).max()


def go(page, **to: int) -> None:
    """Move the stepper of an HTML file, and wait until it is drawn."""
    page.evaluate("to => stepper.go(to)", to)
    drawn(page)
    shown(page, **to)


def all_numbers(trace, t: int, h: int, states) -> np.ndarray:
    """Every number that a view of this token and head may show."""
    own = int(trace.segment_of[t])
    said = trace.predictions
    parts = [trace.scores[t, h, : own + 1], trace.weights[t, h, : own + 1], trace.output[t, h]]
    parts += [trace.q[t, h], trace.k[t, h], trace.v[t, h], trace.u[t, h], trace.contexts[t, h, : own + 1].ravel()]
    if trace.reads is not None:
        parts.append(trace.reads[t, h, : own + 1].ravel())
    if (adds := shares(trace)) is not None:
        parts.append(100 * adds[t, h, : own + 1])  # in percent
    if trace.alone is not None:
        parts.append(trace.alone.probabilities[t, : own + 1])
    if said is not None:
        parts += [said.probabilities[t], said.target_probabilities[t : t + 1]]
    parts += [array.ravel() for array in states]
    return np.concatenate(parts)
