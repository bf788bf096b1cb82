"""Costs in words and in columns of text."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mcviz import tradeoff
from mcviz.checks import of_kinds
from mcviz.cost import Cost
from mcviz.rules import AGGREGATORS
from mcviz.tradeoff import ATTENTION, LOG_LINEAR, Setting, game

Number = int | float

NAMES: Mapping[str, str] = {
    **{name: one.short for name, one in AGGREGATORS.items()},
    "none": "RNN",
    LOG_LINEAR: "log segments",
    ATTENTION: "attention",
}
"""What each way to read is called."""


COUNTED = (
    "Counted is what remembers in one layer, all its heads: writes, comparisons and reads, or attention itself; not "
    "the projections, nor the rest of the model."
)
"""What operations are counted of."""


def won(known: Sequence[game.Play]) -> str:
    """Which settings reach the goal of each round within its budget, those that take least first."""
    said = []
    for asked in game.ROUNDS:
        names = [
            f"{play.name} ({asked.amount(asked.spent(play))}, {asked.recall(play):.1%})"
            for play in game.winners(asked, known)
        ]
        said.append(f"{pairs(asked)}; {asked.says}: {'; '.join(names) or 'no stored run'}.")
    return " ".join(said)


def pairs(asked: game.Round) -> str:
    """What a round asks for: `95% of 24 pairs, as many as in training`."""
    times = "as many as" if asked.factor == 1 else f"{asked.factor} times as many as"
    return f"{asked.goal:.0%} of {asked.factor * game.PAIRS} pairs, {times} in training"


@of_kinds
def ledger(setting: Setting) -> dict[str, list[str]]:
    """The sheet of a setting as columns of text: over the sequence, and for its last token."""
    sheet = tradeoff.sheet(setting)
    base = sheet[ATTENTION]
    columns: dict[str, list[str]] = {
        name: []
        for name in (
            "",
            "Operations",
            "to attention",
            "Reads",
            "Fetched",
            "Kept",
            "to KV",
        )
    }
    for name, line in sheet.items():
        cells = (
            NAMES[name],
            amount(line.whole.flops),
            times(line.whole.flops / base.whole.flops),
            f"{line.last.reads:,}",
            size(line.last.bytes),
            size(line.kept),
            times(line.kept / base.kept),
        )
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    return columns


@of_kinds
def modelled(setting: Setting) -> dict[str, list[str]]:
    """Operations of one head over the sequence by formula, and their ratio to attention's."""
    sheet = tradeoff.sheet(setting)
    base = sheet[ATTENTION].whole.flops
    return {
        "": [NAMES[name] for name in sheet],
        "Operations": [amount(line.whole.flops // setting.H) for line in sheet.values()],
        "to attention": [times(line.whole.flops / base) for line in sheet.values()],
    }


@of_kinds
def counted(setting: Setting, runs: Mapping[str, Cost]) -> dict[str, list[str]]:
    """What runs of a setting were counted to do, beside the formula's number where that is another."""
    sheet = tradeoff.sheet(setting)

    def cell(name: str, field: str) -> str:
        seen, formula = getattr(runs[name], field), getattr(sheet[name].whole, field)
        return f"{seen:,}" if seen == formula else f"{seen:,}, not {formula:,}"

    return {
        "": [NAMES[name] for name in runs],
        "Operations": [cell(name, "flops") for name in runs],
        "Reads": [cell(name, "reads") for name in runs],
        "Fetched": [cell(name, "bytes") for name in runs],
        "Cached": [cell(name, "cached") for name in runs],
    }


@of_kinds
def agreement(setting: Setting, runs: Mapping[str, Cost]) -> str:
    """Whether the formulas give what was counted, in a sentence."""
    sheet = tradeoff.sheet(setting)
    apart = [NAMES[name] for name, run in runs.items() if run != sheet[name].whole]
    if apart:
        return f"The formulas give other numbers for {', '.join(apart)}."
    return f"The formulas give the same {len(Cost._fields) * len(runs)} numbers."


def timed(timings: Mapping[str, tuple[Number, Number]]) -> dict[str, list[str]]:
    """Milliseconds, and their ratio to attention's."""
    return {
        "": [NAMES[name] for name in timings],
        "Milliseconds": [f"{milliseconds:.3g}" for milliseconds, _ in timings.values()],
        "to attention": [times(ratio) for _, ratio in timings.values()],
    }


def tried(tries: Sequence[game.Try]) -> dict[str, list[str]]:
    """What was answered so far, and what the stored runs of each answer measured."""
    columns: dict[str, list[str]] = {
        name: [] for name in ("Goal", "Budget", "Answer", "Right", "Takes", "Recall", "95 % interval", "Seeds")
    }
    for asked, play, verdict in tries:
        measured = ["", "", "", ""]
        if play is not None:
            mean, low, high = play.recall[asked.factor]
            bounds = f"{low:.1%} to {high:.1%}" if len(play.seeds) > 1 else "one seed"
            measured = [f"{asked.spent(play):,}", f"{mean:.1%}", bounds, f"{len(play.seeds)}"]
        name = "none reaches it" if play is None else play.name
        cells = [pairs(asked), asked.says, name, "yes" if verdict.right else "no", *measured]
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    return columns


class Pictured(NamedTuple):
    """A sentence for each picture of a setting: what is smaller, by what factor, and where it turns."""

    stored: str
    spent: str
    fetched: str
    remarks: str  # what is odd about the setting itself; "" where nothing is


@of_kinds
def weighed(setting: Setting) -> str:
    """What the pictures of a setting show, in one paragraph."""
    return " ".join(filter(None, pictured(setting)))


@of_kinds
def pictured(setting: Setting) -> Pictured:
    """What the pictures of a setting show."""
    sheet = tradeoff.sheet(setting)
    grm, ssc, attention = sheet["grm"], sheet["ssc"], sheet[ATTENTION]
    checkpoint, cache = tradeoff.checkpoint_bytes(setting), tradeoff.cache_bytes(setting) * setting.C
    at = tradeoff.crossover(setting)
    kind = "An MLP checkpoint" if setting.deep else "A checkpoint"
    turn = f"they are equal at C = {at:,.10g}"
    remarks = ""
    if setting.C > setting.L:
        remarks = f"C is longer than the sequence: its {tokens(setting.L)} are one segment, and nothing is cached."
    elif setting.L > setting.C and sheet[LOG_LINEAR].last.reads == setting.H:
        remarks = f"{setting.L:,} is a power of two, which logarithmic segments do not cut: there they are the RNN."
    return Pictured(
        stored=(
            f"{kind} takes {size(checkpoint)} per head, and the KV cache of its {tokens(setting.C)} {size(cache)}: "
            f"{against(checkpoint, cache, 'smaller', 'larger', 'as large')}; {turn}."
        ),
        spent=(
            f"Over {tokens(setting.L)}, GRM spends {against(grm.whole.flops, attention.whole.flops, 'fewer', 'more')} "
            f"operations than attention, and SSC {against(ssc.whole.flops, attention.whole.flops, 'fewer', 'more')}. "
            f"{COUNTED}"
        ),
        fetched=(
            f"{f'In all {setting.H} heads' if setting.H > 1 else 'In its one head'}, the last token fetches "
            f"{size(grm.last.bytes)} with GRM, {size(ssc.last.bytes)} with SSC at k = {setting.k}, "
            f"and {size(attention.last.bytes)} with attention."
        ),
        remarks=remarks,
    )


def tokens(n: int) -> str:
    """`1 token`, `16 tokens`."""
    return f"{n:,} token{'' if n == 1 else 's'}"


def against(a: Number, b: Number, less: str, more: str, same: str = "no fewer") -> str:
    """`3.2 times fewer`, `1.5 times more`, or that they are the same."""
    if a == b:
        return same
    return f"{factor(max(a, b) / min(a, b))} times {less if a < b else more}"


def amount(n: Number) -> str:
    """A count in three digits: `12`, `4.1 K`, `52.4 G`."""
    return _short(n, 1000, ("", " K", " M", " G", " T", " P", " E"))


def size(n: Number) -> str:
    """Bytes in three digits: `384 B`, `18.0 KiB`."""
    return _short(n, 1024, (" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"))


def times(ratio: Number) -> str:
    """`0.25×`."""
    return f"{factor(ratio)}×"


def factor(ratio: Number) -> str:
    """Three digits, and never a power of ten: `0.25`, `4.46`, `16,413`."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def _short(n: Number, base: int, units: Sequence[str]) -> str:
    step = 0
    while n >= base and step < len(units) - 1:
        n, step = n / base, step + 1
    digits = 0 if n >= 100 or (step == 0 and n == int(n)) else 1 if n >= 10 else 2
    return f"{n:.{digits}f}{units[step]}"
