"""The frontier: is it the caching, or only more memory? Ways to remember at equal bytes, and at equal reads.

A model learns MQAR with 24 pairs, and is asked for 24, 48 and 96: one, two and four times the length. What its last
token keeps, reads and computes is counted by `mcviz.claims.spent`. With n segments, K × V a memory and contexts of K,
a cache holds n K (V + 1) numbers; a plain recurrent layer that is set against it holds as many, as one matrix.
"""

from collections.abc import Mapping

from mcviz.claims.claim import MQAR, Claim, Condition, Settings, at_most, below

FAMILY = "Frontier"
PAIRS: Settings = {**MQAR, "pairs": 24, "steps": 800}
LONGER = "accuracy ×4, plain"
"""With 96 pairs, after training with 24."""

RNN: Mapping[int, Settings] = {
    numbers: {**PAIRS, "aggregator": "none", "key": key, "value": value}
    for numbers, key, value in (
        *((192, 24, 8), (486, 27, 18), (600, 30, 20), (792, 33, 24), (972, 36, 27), (1176, 42, 28)),
        *((1440, 48, 30), (1944, 54, 36), (3888, 72, 54), (7776, 108, 72)),
    )
}
"""Plain recurrent layers with one linear memory, by the numbers that it holds."""

GRM: Mapping[int, Settings] = {
    486: {**PAIRS, "aggregator": "grm", "key": 6},
    972: {**PAIRS, "aggregator": "grm", "key": 12},
    1944: {**PAIRS, "aggregator": "grm"},
    3888: {**PAIRS, "aggregator": "grm", "key": 48},
}
"""GRM in segments of 8, values of 8, by the numbers kept after 24 pairs: nine memories and contexts."""

SHORT: Settings = {**PAIRS, "aggregator": "grm", "segment_length": 4, "key": 12}
LONG: Settings = {**PAIRS, "aggregator": "grm", "segment_length": 24, "key": 72}
"""As many numbers as GRM with keys of 24: 18 small memories, and 3 large ones."""

LEAN: Settings = {**PAIRS, "aggregator": "grm", "key": 11, "value": 7}
WIDE: Settings = {**PAIRS, "aggregator": "grm", "segment_length": 24, "key": 24, "value": 10}
"""GRM that reads 792 numbers for its last token, as SSC with k = 2 does: nine memories, and three."""

ATTENTION: Settings = {**PAIRS, "aggregator": "attention", "key": 19}
"""Keys and values of as many numbers as GRM's cache, at every length."""


def ssc(k: int) -> Settings:
    """SSC with keys of 24 and values of 8, in segments of 8: it reads (k + 1) memories and nine contexts."""
    return {**PAIRS, "aggregator": "ssc", "top_k": k}


def fenwick(key: int, value: int) -> Settings:
    """Log-linear attention: over 24 pairs it takes room for seven sums, and reads five memories for its last token."""
    return {**PAIRS, "aggregator": "fenwick", "key": key, "value": value}


def ruled(memory: str, aggregator: str, **sizes: int) -> Settings:
    """Another memory rule."""
    return {**PAIRS, "aggregator": aggregator, "memory": memory, **sizes}


BYTES = "MQAR with 24 pairs, segments of 8"
CLAIMED: tuple[Claim, ...] = (
    Claim(
        name="frontier-bytes",
        family=FAMILY,
        statement="At equal bytes, caching with gates recalls more than a plain recurrent layer with a larger memory.",
        source="our question; the paper compares layers of equal width, not of equal memory",
        measured=f"accuracy on {BYTES}; in parentheses, numbers kept after the last token",
        conditions={
            f"{name} ({numbers:,})": Condition(at[numbers])
            for numbers in (486, 972, 1944)
            for name, at in (("RNN", RNN), ("GRM", GRM))
        },
        rule=tuple(below(f"RNN ({numbers:,})", f"GRM ({numbers:,})") for numbers in (486, 972, 1944)),
        remark="A larger memory has larger keys and values, whose projections have more weights: see the rows.",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="frontier-headline",
        family=FAMILY,
        statement="On the task of the recall gap, too, GRM recalls more than a plain layer that keeps as many bytes.",
        source="our question; compare tables 2 and 3",
        measured="accuracy on MQAR with 48 pairs; 3,888 numbers kept after the last token",
        conditions={
            "RNN, 72 × 54": Condition({**MQAR, "aggregator": "none", "key": 72, "value": 54}),
            "GRM, 24 × 8": Condition({**MQAR, "aggregator": "grm"}),
        },
        rule=(below("RNN, 72 × 54", "GRM, 24 × 8"),),
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="frontier-segments",
        family=FAMILY,
        statement="At equal bytes, many small memories recall more than few large ones.",
        source="our question; sections 1 and 4.2 vary the segments alone",
        measured="accuracy of GRM on MQAR with 24 pairs; 1,944 numbers kept in each condition",
        conditions={
            "3 segments of 24": Condition(LONG),
            "9 segments of 8": Condition(GRM[1944]),
            "18 segments of 4": Condition(SHORT),
        },
        rule=(below("3 segments of 24", "9 segments of 8"), below("9 segments of 8", "18 segments of 4")),
        remark="Keys are as long as room allows: 72, 24 and 12 numbers.",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="frontier-reads",
        family=FAMILY,
        statement="At equal numbers read per token, SSC recalls more than a plain recurrent layer.",
        source="our question; section 3.3 and figure 4 speak of SSC's cost",
        measured="accuracy on MQAR with 24 pairs; 792 numbers read for the last token, contexts among them",
        conditions={"RNN": Condition(RNN[792]), "SSC, k = 2": Condition(ssc(2))},
        rule=(below("RNN", "SSC, k = 2"),),
        remark="SSC keeps 1,944 numbers for that, and the RNN 792.",
        run={"run": "mqar-ssc"},
    ),
    Claim(
        name="frontier-selector",
        family=FAMILY,
        statement="SSC lies on the frontier of reads: GRM with memories so small, or so few, that it reads no more "
        "recalls less.",
        source="our question; section 3.3",
        measured="accuracy on MQAR with 24 pairs; 792 numbers read for the last token",
        conditions={
            "GRM, nine of 11 × 7": Condition(LEAN),
            "GRM, three of 24 × 10": Condition(WIDE),
            "SSC, k = 2": Condition(ssc(2)),
        },
        rule=(below("GRM, nine of 11 × 7", "SSC, k = 2"), below("GRM, three of 24 × 10", "SSC, k = 2")),
        seen="a first run of GRM with values of 7 numbers, which had learned little: that is why the three memories "
        "stand beside it",
        remark="One seed of SSC learned the task only in part; each of the others is ahead of both.",
        run={"run": "mqar-ssc"},
    ),
    Claim(
        name="frontier-grows",
        family=FAMILY,
        statement="A cache grows with the sequence: of layers that keep as much after 24 pairs, the cached one recalls "
        "more of 96.",
        source="our question; sections 1 and 5",
        measured="accuracy with 96 pairs, after training with 24; 1,944 numbers kept after 24",
        conditions={"RNN ×4": Condition(RNN[1944], LONGER), "GRM ×4": Condition(GRM[1944], LONGER)},
        rule=(below("RNN ×4", "GRM ×4"),),
        remark="After 96 pairs GRM keeps 7,776 numbers, and the RNN its 1,944. One seed of GRM learned the task only "
        "in part; each of the others is ahead of the RNN.",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="frontier-longer-bytes",
        family=FAMILY,
        statement="At equal bytes after four times the training length, caching recalls more there.",
        source="our question; sections 1 and 5",
        measured="accuracy with 96 pairs, after training with 24; 7,776 numbers kept after 96",
        conditions={"RNN ×4": Condition(RNN[7776], LONGER), "GRM ×4": Condition(GRM[1944], LONGER)},
        rule=(below("RNN ×4", "GRM ×4"),),
        remark="The RNN pays for its 7,776 numbers from the first token on.",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="frontier-longer-reads",
        family=FAMILY,
        statement="At equal numbers read per token after four times the training length, SSC recalls more there.",
        source="our question; section 3.3 and figure 4",
        measured="accuracy with 96 pairs, after training with 24; 1,440 numbers read for the last token",
        conditions={"RNN ×4": Condition(RNN[1440], LONGER), "SSC, k = 2 ×4": Condition(ssc(2), LONGER)},
        rule=(below("RNN ×4", "SSC, k = 2 ×4"),),
        remark="SSC's 36 contexts are more than half of what it reads there. One seed of SSC learned the task only in "
        "part; each of the others is ahead of the RNN.",
        run={"run": "mqar-ssc"},
    ),
    Claim(
        name="frontier-attention",
        family=FAMILY,
        statement="At equal bytes, softmax attention recalls more than GRM, also at four times the training length.",
        source="our question; compare tables 2 and 3",
        measured="accuracy with 24 and with 96 pairs; 1,944 numbers kept after 24, 7,776 after 96",
        conditions={
            "GRM": Condition(GRM[1944]),
            "attention": Condition(ATTENTION),
            "GRM ×4": Condition(GRM[1944], LONGER),
            "attention ×4": Condition(ATTENTION, LONGER),
        },
        rule=(below("GRM", "attention"), below("GRM ×4", "attention ×4")),
        seen="one seed",
        remark="Two other seeds of attention did not learn the task in these 800 steps; where it did, it recalls all.",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="frontier-topics",
        family=FAMILY,
        statement="Where segments are documents that a question names, GRM recalls more than a plain layer that keeps "
        "as many bytes.",
        source="our question; compare tables 2 and 3",
        measured="accuracy on the topic library; 1,440 numbers kept after the last token",
        conditions={
            "RNN, 48 × 30": Condition({"task": "topics", "aggregator": "none", "key": 48, "value": 30}),
            "GRM, 16 × 8": Condition({"task": "topics", "aggregator": "grm"}),
        },
        rule=(below("RNN, 48 × 30", "GRM, 16 × 8"),),
        remark="The plain layer has to find a topic and a colour at once. A gate that finds the document leaves only "
        "the colour to its memory.",
        run={"run": "topics-grm"},
    ),
    Claim(
        name="frontier-needle",
        family=FAMILY,
        statement="Where pairs are needles in a haystack, GRM recalls more than a plain layer that keeps as many "
        "bytes.",
        source="our question; compare tables 2 and 3",
        measured="accuracy on the needle task; 2,304 numbers kept after the last token in each condition",
        conditions={
            "RNN, 64 × 36": Condition({"task": "needle", "aggregator": "none", "key": 64, "value": 36}),
            "SSC, k = 2, 16 × 8": Condition({"task": "needle", "aggregator": "ssc", "top_k": 2}),
            "GRM, 16 × 8": Condition({"task": "needle", "aggregator": "grm"}),
            "attention, 10 × 8": Condition({"task": "needle", "aggregator": "attention", "key": 10}),
        },
        rule=(below("RNN, 64 × 36", "GRM, 16 × 8"),),
        remark="All of them recall nearly everything. Two seeds of the plain layer and one of GRM had been seen before "
        "the others were run; the rule is older.",
        run={"run": "needle-grm"},
    ),
    Claim(
        name="frontier-fenwick",
        family=FAMILY,
        statement="At equal bytes, log-linear attention recalls more than a plain recurrent layer.",
        source="our question; arXiv 2506.04761 compares layers whose single memories are equally large",
        measured="accuracy on MQAR with 24 pairs; 1,944 numbers kept, by log-linear attention room for 1,960",
        conditions={"RNN": Condition(RNN[1944]), "log-linear": Condition(fenwick(28, 10))},
        rule=(below("RNN", "log-linear"),),
        remark="A Fenwick tree over the tokens, as in arXiv 2506.04761, its levels weighed by the token alone. Its "
        "sums come and go with the number of tokens. Counted is the room for one on each level that ever held one, "
        "seven; at most six are there after a token (1,680 numbers), and two after the last.",
        seen="the runs of the plain layer",
        run={"run": "mqar-rnn"},
    ),
    Claim(
        name="frontier-fenwick-grm",
        family=FAMILY,
        statement="At equal bytes, GRM in equal segments recalls more than log-linear attention.",
        source="our question; section 4.2 and tables 1 and 3 compare with GRM on logarithmic segments",
        measured="accuracy on MQAR with 24 pairs; 1,944 numbers kept, by log-linear attention room for 1,960",
        conditions={"log-linear": Condition(fenwick(28, 10)), "GRM": Condition(GRM[1944])},
        rule=(below("log-linear", "GRM"),),
        remark="One seed of GRM learned the task only in part, and each of the others is ahead. Log-linear attention "
        "has room for seven sums, as counted here, of which at most six are there after a token.",
        seen="the runs of GRM",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="frontier-fenwick-reads",
        family=FAMILY,
        statement="At equal numbers read per token, log-linear attention recalls more than a plain recurrent layer.",
        source="our question; arXiv 2506.04761",
        measured="accuracy on MQAR with 24 pairs; 792 numbers read for the last token, by log-linear attention 800",
        conditions={
            "RNN": Condition(RNN[792]),
            "log-linear": Condition(fenwick(20, 8)),
            "GRM, three of 24 × 10": Condition(WIDE),
            "SSC, k = 2": Condition(ssc(2)),
        },
        rule=(below("RNN", "log-linear"),),
        remark="GRM and SSC stand beside them, and the rule does not ask for them.",
        seen="the runs of GRM and SSC",
        run={"run": "mqar-rnn"},
    ),
    Claim(
        name="frontier-rules",
        family=FAMILY,
        statement="Under caching, the delta rule recalls as much as a linear memory or more.",
        source="our question; the paper caches linear memories, SWLA, DLA and Titans",
        measured="accuracy of GRM on MQAR with 24 pairs; 1,944 numbers kept in each condition",
        conditions={
            "linear": Condition(GRM[1944]),
            "delta": Condition(ruled("delta", "grm")),
        },
        rule=(at_most("linear", "delta"),),
        remark="Neither was tuned: both have the recipe of the linear memory. Three seeds of the delta rule and one of "
        "the linear memory learned only part of the task; the other two of the delta rule recall as much as the linear "
        "memory does.",
        run={"run": "mqar-grm"},
    ),
)


def sparse(key: int, value: int, **reach: int) -> Settings:
    """Attention with a window, or a stride."""
    return {**PAIRS, "aggregator": "attention", "key": key, "value": value, **reach}


CURVES: tuple[Settings, ...] = (
    # 1,944 numbers again, and as many read, for fewer tokens; and 792, as SSC with k = 2 reads
    sparse(38, 16, stride=2),
    sparse(38, 16, window=36),
    sparse(72, 36, stride=4),
    sparse(14, 8, stride=2),
    # 1,944 numbers again, in memories of another shape
    {**PAIRS, "aggregator": "grm", "segment_length": 24, "key": 36, "value": 17},
    {**PAIRS, "aggregator": "grm", "key": 12, "value": 17},
    ssc(1),
    ssc(4),
    {**PAIRS, "aggregator": "grm", "segmentation": "logarithmic"},
    {**PAIRS, "aggregator": "grm", "segment_length": 24, "key": 18},
    {**PAIRS, "aggregator": "grm", "segment_length": 24, "key": 36},
    {**PAIRS, "aggregator": "residual", "start": "checkpoint"},
    RNN[192],
    RNN[3888],
    ruled("delta", "none", key=54, value=36),
    ruled("gated_delta", "none", key=54, value=36),
    ruled("decay", "none", key=54, value=36),
    GRM[3888],
    {**PAIRS, "aggregator": "soup"},
    {**PAIRS, "aggregator": "attention", "key": 38, "value": 16},
    RNN[600],
    RNN[1176],
    ruled("decay", "grm"),
    ruled("gated_delta", "grm"),
    {**PAIRS, "aggregator": "grm", "value": 16},
    ruled("delta", "grm", value=16),
    ruled("swla", "none", key=54, value=36),
)
"""Points that no claim rests on, for the figure."""

CURVE_SEEDS = 2
"""Of each of `CURVES`; a claim has more."""
