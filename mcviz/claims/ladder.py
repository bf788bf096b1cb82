"""A ladder of sizes: does what the frontier shows change as models and sequences grow?

On rung s, pairs, keys, values, segments, steps and the model's width are s times those of the first, which has 12
pairs and 32 features; the second is the frontier's. Every layer of a rung keeps 9 · 12 s (4 s + 1) numbers after its
last token.

Models of the last two rungs were trained on a GPU, but for three of SSC at width 256; all are measured on a CPU. The
twelve runs of width 512 took an H200 seven minutes, eight side by side: `mcviz claims ladder-bytes-512 --run --seeds 3
--device cuda --jobs 8`. `mcviz.training.sweeps` says how runs spread over a cluster, which has not been tried.
"""

from collections.abc import Callable, Mapping, Sequence

from mcviz.claims import frontier
from mcviz.claims.claim import MQAR, Claim, Comparison, Condition, Gap, Rise, Settings, at_most, below

FAMILY = "Ladder"
RUNGS = (1, 2, 4, 8, 16)


def rung(s: int) -> Mapping[str, Settings]:
    """Layers that keep as many numbers. The second rung is the frontier's, and rests on its runs."""
    return SECOND if s == 2 else scaled(s)


def scaled(s: int) -> Mapping[str, Settings]:
    """Layers that keep as many numbers: one matrix, nine memories and their contexts, or keys and values."""
    sizes = {"pairs": 12 * s, "keys": 64 * s, "values": 32 * s, "width": 32 * s, "steps": 400 * s}
    cached: Settings = {**MQAR, **sizes, "segment_length": 4 * s, "key": 12 * s, "value": 4 * s}
    return {
        "RNN": {**MQAR, **sizes, "aggregator": "none", "key": 27 * s, "value": 16 * s + 4},
        "SSC": {**cached, "aggregator": "ssc", "top_k": 2},
        "GRM": {**cached, "aggregator": "grm"},
        "attention": {**MQAR, **sizes, "aggregator": "attention", "key": 8 * s + 3, "value": 4 * s},
    }


SECOND: Mapping[str, Settings] = {
    "RNN": frontier.RNN[1944],
    "SSC": frontier.ssc(2),
    "GRM": frontier.GRM[1944],
    "attention": frontier.ATTENTION,
}


def gap(s: int) -> Gap:
    """What GRM recalls more than the plain layer on rung s."""
    return Gap(f"GRM, {32 * s}", f"RNN, {32 * s}")


def conditions(rungs: Sequence[int], *names: str) -> Mapping[str, Condition]:
    """What is trained on each rung: the layers of these names, or all."""
    return {
        f"{name}, {32 * s}": Condition(settings)
        for s in rungs
        for name, settings in rung(s).items()
        if not names or name in names
    }


SEEN = "the runs of the first four widths, and none of the last"
TRENDS = (
    "The rule was put the other way round then (GRM gains no ground), with the same margin. Of three seeds: the one of "
    "five that learned the task only in part at width 64 is not among them."
)
MEASURED = "accuracy on MQAR; after the comma, the model's width: 12 pairs at width 32, 24 at 64, and so on"


def asked(rungs: Sequence[int], where: str, end: str, remark: str = "") -> tuple[Claim, ...]:
    """What is asked of single rungs."""

    def claim(name: str, statement: str, rule: Callable[[int], Comparison], see: str = "", run: str = "grm") -> Claim:
        return Claim(
            name=f"ladder-{name}{end}",
            family=FAMILY,
            statement=f"At {where}, {statement}",
            source=f"our question{see}",
            measured=MEASURED,
            conditions=conditions(rungs),
            rule=tuple(map(rule, rungs)),
            remark=remark,
            run={"run": f"mqar-{run}"},
        )

    return (
        claim(
            "bytes",
            "a plain recurrent layer that keeps as many bytes recalls as much as GRM.",
            lambda s: at_most(f"GRM, {32 * s}", f"RNN, {32 * s}"),
        ),
        claim(
            "selector",
            "SSC with k = 2 recalls as much as GRM.",
            lambda s: at_most(f"GRM, {32 * s}", f"SSC, {32 * s}"),
            "; k is never stated",
            "ssc",
        ),
        claim(
            "attention",
            "attention that keeps as many bytes recalls more than GRM.",
            lambda s: below(f"GRM, {32 * s}", f"attention, {32 * s}"),
            "; compare tables 2 and 3",
        ),
    )


def trend(name: str, rungs: Sequence[int], statement: str, remark: str) -> Claim:
    """What is asked of how the gap changes from rung to rung."""
    return Claim(
        name=name,
        family=FAMILY,
        statement=statement,
        source="our question",
        measured=MEASURED,
        conditions=conditions(rungs, "RNN", "GRM"),
        rule=(below(0.0, Rise(tuple(map(gap, rungs)))),),
        remark=f"{remark} {TRENDS}",
        seen=SEEN,
        run={"run": "mqar-grm"},
    )


CLAIMED: tuple[Claim, ...] = (
    *asked(RUNGS[:3], "widths from 32 to 128", ""),
    *asked(RUNGS[3:4], "width 256", "-256"),
    *asked(RUNGS[4:], "width 512", "-512", "Fewer seeds than at smaller sizes."),
    trend(
        "ladder-trend",
        RUNGS,
        "As models and sequences grow, GRM gains ground on a plain layer that keeps as many bytes.",
        "Width 32 had learned little of the task in its 400 steps.",
    ),
    trend(
        "ladder-trend-later",
        RUNGS[1:],
        "From width 64 on, GRM gains ground on a plain layer that keeps as many bytes.",
        "It gains what it was behind: the plain layer is near 1 from there on, so that a gap can only close.",
    ),
)
