"""All claims, with the rules that decide them."""

from collections.abc import Mapping

from mcviz.claims import frontier, ladder
from mcviz.claims.claim import LOOKS, MQAR, Claim, Condition, Settings, at_most, below, equal, on

RECALL, GATES, SEGMENTS, CHOICE, COST, LENGTH, LANGUAGE, *LONG, EXACT = FAMILIES = (
    "Recall",
    "Gates and memories",
    "Segments",
    "The selector",
    "Cost",
    "Longer sequences",
    "Language",
    frontier.FAMILY,
    ladder.FAMILY,
    "Identities",
)
"""Those in `LONG` take long to run, and are run by name."""
SAME = 1e-9
"""What rounding may do to two sides that are equal."""
DIFFERENT = 1e-3

TOPICS: Settings = {"task": "topics"}
NEEDLE: Settings = {"task": "needle"}
TEXT: Settings = {"task": "text", "layers": 1, "steps": 600}
DEEP: Settings = {"key": 8, "batch": 16, "steps": 400}
"""What a deep memory can be trained with in a minute; a linear one gets the same, to compare with."""


LENGTHS: Mapping[int, Settings] = {
    48: {"segment_length": 48},
    32: {"segment_length": 32},
    16: {"segment_length": 16},
    8: {},
    4: {"segment_length": 4},
}
"""Segment lengths on MQAR; 8 is what the task is trained with elsewhere."""

IDENTITIES: Mapping[str, tuple[str, str, str]] = {
    "I1": ("With one segment, every aggregator is the plain recurrent layer.", "section 3", "more segments"),
    "I2": (
        "For linear memories without normaliser that start anew at each segment, the residual sum is the plain layer.",
        "Eq. 13",
        "segments that go on, and deep memories",
    ),
    "I3": ("For matrix memories without normaliser, soup is GRM.", "Eqs. 8, 14", "memories of two layers"),
    "I4": ("SSC that selects every checkpoint is GRM.", "Eqs. 8, 17", "k = 1"),
    "I5": ("With equal gates, GRM is the residual sum over the number of memories.", "Eqs. 6, 8", "unequal gates"),
    "I6": (
        "With segments of one token and a memory without keys, GRM is gated softmax attention.",
        "Eqs. 18–20",
        "segments of two tokens, and memories with keys",
    ),
    "I7": (
        "A compressor followed by global attention is Memory Caching at every token.",
        "section 4.1",
        "segments of two tokens",
    ),
    "I8": ("No output depends on a later token, to the last bit.", "section 2", "the changed token itself"),
    "I9": ("Linear caching is a linear attention with gates for a mask.", "Eqs. 8, 13", "segments that go on"),
    "I10": ("Token by token, and split in the middle, the outputs are those of one pass.", "section 2", "a lost cache"),
    "I11": (
        "Titans with a matrix memory, no decay and no momentum is the delta rule with half the step.",
        "Eqs. 34–36",
        "momentum",
    ),
}
"""For each: what is said, where it follows from, and what is outside its premises."""


def identity(name: str) -> Claim:
    """The claim that an identity holds within its premises, and not outside."""
    statement, source, outside = IDENTITIES[name]
    trial = {"trial": "identity", "identity": name}
    return Claim(
        name=name,
        family=EXACT,
        statement=statement,
        source=source,
        measured="largest difference of the two sides on random tokens, both backends, float64",
        conditions={"within": Condition(trial, "within"), "outside": Condition(trial, "outside")},
        rule=(at_most("within", 0.0, 0.0 if name == "I8" else SAME), below(0.0, "outside", DIFFERENT)),
        remark=f"Outside its premises: {outside}. There the two sides must differ.",
    )


def timed(name: str, tokens: int = 8192) -> Condition:
    """A ratio of the times of two forward passes, d = 64, segments of 256."""
    return Condition({"trial": "timing", "tokens": tokens}, name)


def share(memory: str, d: int, length: int) -> Condition:
    """The bytes of a checkpoint over those of its segment's keys and values."""
    return Condition({"trial": "bytes", "memory": memory, "d": d, "segment_length": length}, "share")


def onset(measure: str) -> Condition:
    """When something came about in the training of GRM on the topic library, as a share of it."""
    return Condition({"trial": "onset", **TOPICS, "aggregator": "grm"}, measure)


MEASURED: tuple[Claim, ...] = (
    Claim(
        name="recall-gap",
        family=RECALL,
        statement="Caching with a gate or a router recalls more than a plain recurrent layer of the same width.",
        source="section 5, tables 2 and 3",
        measured="accuracy on MQAR with 48 pairs",
        conditions={
            "RNN": on(MQAR, "none"),
            "SSC": on(MQAR, "ssc", top_k=2),
            "GRM": on(MQAR, "grm"),
            "attention": on(MQAR, "attention"),
        },
        rule=(below("RNN", "SSC", 0.1), below("RNN", "GRM", 0.1)),
        reported={"Titans": 31.75, "Titans + SSC": 36.27, "Titans + GRM": 40.50, "Transformer": 41.00},
        reported_as="in-context retrieval, average in %, 1.3B parameters (table 3)",
        remark="All keys have 24 numbers and all values 8. A plain layer whose memory is as large as the whole cache "
        "stands on the frontier, below.",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="recall-gap-topics",
        family=RECALL,
        statement="It does so, too, where segments are documents that a question names.",
        source="section 5, tables 2 and 3",
        measured="accuracy on the topic library, eight documents",
        conditions={
            "RNN": on(TOPICS, "none"),
            "SSC": on(TOPICS, "ssc", top_k=2),
            "GRM": on(TOPICS, "grm"),
        },
        rule=(below("RNN", "SSC", 0.1), below("RNN", "GRM", 0.1)),
        run={"run": "topics-grm"},
    ),
    Claim(
        name="recall-order",
        family=RECALL,
        statement="Recall grows from the plain layer over the residual sum, SSC and GRM to attention.",
        source="tables 2 and 3",
        measured="accuracy on MQAR with 48 pairs",
        conditions={
            "RNN": on(MQAR, "none"),
            "residual": on(MQAR, "residual", start="checkpoint"),
            "SSC": on(MQAR, "ssc", top_k=2),
            "GRM": on(MQAR, "grm"),
            "attention": on(MQAR, "attention"),
        },
        rule=(below("RNN", "residual"), at_most("residual", "SSC"), at_most("SSC", "GRM"), at_most("GRM", "attention")),
        reported={"Titans": 31.75, "SSC": 36.27, "GRM": 40.50, "Transformer": 41.00},
        reported_as="in-context retrieval, average in %, 1.3B parameters (table 3)",
        remark="The residual sum goes on from checkpoint to checkpoint here: with segments that start anew it is the "
        "plain layer itself (identity I2).",
        run={"run": "mqar-rnn"},
    ),
    Claim(
        name="behind-attention",
        family=RECALL,
        statement="On recall with an exact key, caching still trails the Transformer.",
        source="tables 2 and 3",
        measured="accuracy on MQAR with 48 pairs",
        conditions={"GRM": on(MQAR, "grm"), "attention": on(MQAR, "attention")},
        rule=(below("GRM", "attention"),),
        reported={"DLA + GRM": 18.2, "Transformer": 40.8},
        reported_as="UUID needle at 16K, in %, 1.3B parameters (table 2)",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="behind-attention-topics",
        family=RECALL,
        statement="Where segments are documents that a question names, caching trails the Transformer, too.",
        source="our question; compare tables 2 and 3",
        measured="accuracy on the topic library, one layer each",
        conditions={"GRM": on(TOPICS, "grm"), "attention": on(TOPICS, "attention")},
        rule=(below("GRM", "attention"),),
        remark="One layer of attention has to match a topic and a key at once. A gate that finds the document leaves "
        "only the key to its memory.",
        run={"run": "topics-grm"},
    ),
    Claim(
        name="gate-context",
        family=GATES,
        statement="The gate must compare the token with the segment: a gate of the token alone recalls less.",
        source="section 3.2, table 5",
        measured="accuracy of GRM on MQAR",
        conditions={"token alone": on(MQAR, "grm", gate="token"), "token and context": on(MQAR, "grm")},
        rule=(below("token alone", "token and context"),),
        reported={"without context": 33.0, "GRM": 40.5},
        reported_as="retrieval, average in %, 1.3B parameters (table 5)",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="gate-context-topics",
        family=GATES,
        statement="That the gate must see the segment is so for documents, too.",
        source="section 3.2, table 5",
        measured="accuracy of GRM on the topic library",
        conditions={"token alone": on(TOPICS, "grm", gate="token"), "token and context": on(TOPICS, "grm")},
        rule=(below("token alone", "token and context"),),
        run={"run": "topics-grm"},
    ),
    Claim(
        name="gate-equal",
        family=GATES,
        statement="Gates matter: memories that are weighed alike recall less.",
        source="table 5",
        measured="accuracy on MQAR",
        conditions={"equal gates": on(MQAR, "average"), "GRM": on(MQAR, "grm")},
        rule=(below("equal gates", "GRM"),),
        reported={"without gating": 32.4, "GRM": 40.5},
        reported_as="retrieval, average in %, 1.3B parameters (table 5)",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="gate-shared",
        family=GATES,
        statement="With the query in the connector's place GRM recalls as much, within 0.02.",
        source="table 5, whose row for it is not filled in",
        measured="accuracy of GRM on MQAR",
        conditions={"u = q": on(MQAR, "grm", gate="shared"), "own u": on(MQAR, "grm")},
        rule=(equal("u = q", "own u"),),
        remark="The paper prints 0.0 in every column of this row. Ours is a first answer, not a contradiction.",
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="memory-deep",
        family=GATES,
        statement="A deep memory recalls more than a linear one.",
        source="table 5",
        measured="accuracy of GRM on the topic library; the same width and the same 400 steps for both",
        conditions={
            "linear": Condition({**TOPICS, "aggregator": "grm", **DEEP}),
            "deep": Condition({**TOPICS, "aggregator": "grm", "memory": "dla", **DEEP}),
        },
        rule=(below("linear", "deep"),),
        remark="Both come near the ceiling of this task, which leaves a gain little room.",
        reported={"linear memory": 34.5, "deep memory": 40.5},
        reported_as="retrieval, average in %, GRM, 1.3B parameters (table 5)",
        run={"run": "topics-dla-grm"},
    ),
    Claim(
        name="gate-first",
        family=GATES,
        statement="In training, the gate finds the right document before the loss is half of what it was.",
        source="nothing on it: trained models only",
        measured=f"the share of a training (GRM, topic library) after which, at each of {LOOKS} looks: half of the "
        "questions have their largest gate where the answer stands; half of the answers are right; the loss is half of "
        "that before the first step",
        conditions={"gate": onset("gate"), "answers": onset("answers"), "loss": onset("loss")},
        rule=(below("gate", "loss", 1 / LOOKS),),
        remark="The margin is the time between two looks.",
        seen="one run of SSC, cut to 200 steps, in which the gate came first",
        run={"run": "topics-grm"},
    ),
    Claim(
        name="segments-start",
        family=SEGMENTS,
        statement="Segments that start anew recall more than segments that go on from the last checkpoint.",
        source="section 3.4 announces the comparison and gives none",
        measured="accuracy on MQAR",
        conditions={
            "GRM, going on": on(MQAR, "grm", start="checkpoint"),
            "GRM, anew": on(MQAR, "grm"),
            "SSC, going on": on(MQAR, "ssc", top_k=2, start="checkpoint"),
            "SSC, anew": on(MQAR, "ssc", top_k=2),
        },
        rule=(below("GRM, going on", "GRM, anew"), below("SSC, going on", "SSC, anew")),
        run={"run": "mqar-grm", "start": "checkpoint"},
    ),
    Claim(
        name="segments-start-topics",
        family=SEGMENTS,
        statement="Documents, too, are recalled better from segments that start anew.",
        source="section 3.4 announces the comparison and gives none",
        measured="accuracy of GRM on the topic library",
        conditions={"going on": on(TOPICS, "grm", start="checkpoint"), "anew": on(TOPICS, "grm")},
        rule=(below("going on", "anew"),),
        run={"run": "topics-grm", "start": "checkpoint"},
    ),
    Claim(
        name="segments-logarithmic",
        family=SEGMENTS,
        statement="Segments of equal length recall more than logarithmic ones (Log-Linear++).",
        source="section 4.2, tables 1 and 3",
        measured="accuracy of GRM on MQAR; equal segments have 8 tokens",
        conditions={"logarithmic": on(MQAR, "grm", segmentation="logarithmic"), "equal": on(MQAR, "grm")},
        rule=(below("logarithmic", "equal"),),
        reported={"Log-Linear++": 34.37, "GRM": 40.50},
        reported_as="in-context retrieval, average in %, Titans, 1.3B parameters (table 3)",
        run={"run": "mqar-grm", "segmentation": "logarithmic"},
    ),
    Claim(
        name="segments-length",
        family=SEGMENTS,
        statement="Segment length is a dial: the shorter the segments, the more is recalled.",
        source="sections 1 and 4.2",
        measured="accuracy of GRM on MQAR, 144 tokens",
        conditions={
            f"C = {length}": Condition({**MQAR, "aggregator": "grm", **changed}) for length, changed in LENGTHS.items()
        },
        rule=tuple(below(f"C = {long}", f"C = {short}") for long, short in ((48, 32), (32, 16), (16, 8), (8, 4))),
        run={"run": "mqar-grm", "segment_length": 16},
    ),
    Claim(
        name="selector-k",
        family=CHOICE,
        statement="The more checkpoints the router may select, the nearer SSC comes to GRM.",
        source="sections 3.3 and 5; k is never stated",
        measured="accuracy on MQAR",
        conditions={f"k = {k}": on(MQAR, "ssc", top_k=k) for k in (1, 2, 4, 8)} | {"GRM": on(MQAR, "grm")},
        rule=(below("k = 1", "k = 2"), below("k = 2", "k = 4"), equal("k = 4", "GRM"), equal("k = 8", "GRM")),
        run={"run": "mqar-ssc", "top_k": 1},
    ),
    Claim(
        name="selector-warm",
        family=CHOICE,
        statement="A router that selects from the first step of training starves; reading all at first mends it.",
        source="our question; the paper does not say how its router was trained",
        measured="accuracy of SSC with k = 1 on MQAR",
        conditions={
            "from the first step": on(MQAR, "ssc", top_k=1, dense=0.0),
            "after a dense half": on(MQAR, "ssc", top_k=1),
        },
        rule=(below("from the first step", "after a dense half"),),
        run={"run": "mqar-ssc", "top_k": 1},
    ),
    Claim(
        name="selector-choice",
        family=CHOICE,
        statement="The router chooses far better than chance, and not much worse than could be.",
        source="our question; section 3.3 gives the router",
        measured="bits per answer of SSC with k = 2 on MQAR, averaged over questions; every subset was tried",
        conditions={
            "router": on(MQAR, "ssc", "choice router", top_k=2),
            "best subset": on(MQAR, "ssc", "choice best", top_k=2),
            "random subset": on(MQAR, "ssc", "choice random", top_k=2),
        },
        rule=(below("router", "random subset", 0.5), equal("best subset", "router", 0.5)),
        remark="The random subset is the mean over all subsets of the same size, not a draw.",
        run={"run": "mqar-ssc"},
    ),
    Claim(
        name="selector-choice-topics",
        family=CHOICE,
        statement="Among documents, the router's choice is as good as the best.",
        source="our question; section 3.3 gives the router",
        measured="bits per answer of SSC with k = 2 on the topic library; every subset was tried",
        conditions={
            "router": on(TOPICS, "ssc", "choice router", top_k=2),
            "best subset": on(TOPICS, "ssc", "choice best", top_k=2),
            "random subset": on(TOPICS, "ssc", "choice random", top_k=2),
        },
        rule=(below("router", "random subset", 0.5), equal("best subset", "router", 0.5)),
        run={"run": "topics-ssc"},
    ),
    Claim(
        name="cache-linear",
        family=COST,
        statement="A linear checkpoint takes less room than the KV cache of its segment only where C > d/2.",
        source="our arithmetic, section 8 of the notes; the paper counts no bytes",
        measured="bytes of a checkpoint over those of its segment's keys and values, d = 16",
        conditions={f"C = {length}": share("linear", 16, length) for length in (7, 8, 9)},
        rule=(below(1.0, "C = 7", 0.0), equal("C = 8", 1.0, 0.0), below("C = 9", 1.0, 0.0)),
        run={"run": "mqar-grm"},
    ),
    Claim(
        name="cache-deep",
        family=COST,
        statement="A two-layer checkpoint of expansion 4 does so only where C > 4d.",
        source="our arithmetic; the paper's default at 1.3B is C = d = 256",
        measured="bytes of a checkpoint over those of its segment's keys and values, d = 4",
        conditions={f"C = {length}": share("dla", 4, length) for length in (4, 15, 16, 17)},
        rule=(
            below(1.0, "C = 15", 0.0),
            equal("C = 16", 1.0, 0.0),
            below("C = 17", 1.0, 0.0),
            equal("C = 4", 4.0, 0.0),
        ),
        remark="With C = d, as in the paper at 1.3B, checkpoints take four times the room of the KV cache.",
        run={"run": "topics-dla-grm"},
    ),
    Claim(
        name="time-between",
        family=COST,
        statement="Caching is faster than attention and slower than the plain recurrent layer.",
        source="figure 4",
        measured="time of a forward pass over 8,192 tokens (d = 64, C = 256), as ratios within a run",
        conditions={
            "GRM over RNN": timed("GRM / plain RNN"),
            "SSC over RNN": timed("SSC, k = 2 / plain RNN"),
            "attention over GRM": timed("softmax attention / GRM"),
            "attention over SSC": timed("softmax attention / SSC, k = 2"),
        },
        rule=tuple(
            below(1.0, label, 0.0)
            for label in ("GRM over RNN", "SSC over RNN", "attention over GRM", "attention over SSC")
        ),
        remark="On one thread of a processor, with this project's PyTorch path. The paper measures on accelerators.",
    ),
    Claim(
        name="time-widens",
        family=COST,
        statement="The advantage over attention grows with the context.",
        source="figure 4",
        measured="time of attention over that of GRM and of SSC, at 2,048 and at 8,192 tokens",
        conditions={
            f"{name}, {tokens:,} tokens": timed(f"softmax attention / {full}", tokens)
            for name, full in (("GRM", "GRM"), ("SSC", "SSC, k = 2"))
            for tokens in (2048, 8192)
        },
        rule=tuple(below(f"{name}, 2,048 tokens", f"{name}, 8,192 tokens", 0.0) for name in ("GRM", "SSC")),
    ),
    Claim(
        name="time-selector",
        family=COST,
        statement="SSC costs little more than the plain recurrent layer: less than twice its time.",
        source="section 5 and figure 4; “twice” is our reading of little",
        measured="time of a forward pass over 8,192 tokens (d = 64, C = 256, k = 2), as a ratio within a run",
        conditions={"SSC over RNN": timed("SSC, k = 2 / plain RNN")},
        rule=(below("SSC over RNN", 2.0, 0.0),),
        remark="Two checkpoints and the online memory are three reads for one. A plain layer that is large around its "
        "memory would hide that; the bare layers are compared here.",
    ),
    Claim(
        name="length-caching",
        family=LENGTH,
        statement="Trained with caching, recall survives sequences four times as long; without, it falls.",
        source="sections 1 and 5, tables 2 and 3",
        measured="accuracy on the topic library at one and four times the length of training",
        conditions={
            "RNN": on(TOPICS, "none"),
            "RNN ×4": on(TOPICS, "none", "accuracy ×4, plain"),
            "GRM": on(TOPICS, "grm"),
            "GRM ×4": on(TOPICS, "grm", "accuracy ×4, plain"),
            "SSC": on(TOPICS, "ssc", top_k=2),
            "SSC ×4": on(TOPICS, "ssc", "accuracy ×4, plain", top_k=2),
        },
        rule=(below("RNN ×4", "RNN"), equal("GRM ×4", "GRM"), equal("SSC ×4", "SSC")),
        run={"run": "topics-grm"},
    ),
    Claim(
        name="length-afterwards",
        family=LENGTH,
        statement="A plain recurrent model, cached only after training, answers better on longer sequences.",
        source="section 4.3, which gives no table",
        measured="accuracy at four times the training length; the state is cached every training length",
        conditions={
            "plain, topics": on(TOPICS, "none", "accuracy ×4, plain"),
            "averaged, topics": on(TOPICS, "none", "accuracy ×4, average, from the start"),
            "averaged, going on, topics": on(TOPICS, "none", "accuracy ×4, average, going on"),
            "plain, needle": on(NEEDLE, "none", "accuracy ×4, plain"),
            "averaged, needle": on(NEEDLE, "none", "accuracy ×4, average, from the start"),
            "averaged, going on, needle": on(NEEDLE, "none", "accuracy ×4, average, going on"),
        },
        rule=(
            below("plain, topics", "averaged, topics"),
            below("plain, topics", "averaged, going on, topics"),
            below("plain, needle", "averaged, needle"),
            below("plain, needle", "averaged, going on, needle"),
        ),
        remark="The layers here norm their output, so dividing a sum by the number of memories changes nothing.",
        run={"run": "topics-rnn"},
    ),
    Claim(
        name="language-text",
        family=LANGUAGE,
        statement="Caching improves language modelling: fewer bits for each character.",
        source="section 5, table 1",
        measured="bits per character of unseen text of Alice in Wonderland, one layer, segments of 16",
        conditions={
            "RNN": on(TEXT, "none", "bits"),
            "GRM": on(TEXT, "grm", "bits"),
            "attention": on(TEXT, "attention", "bits"),
        },
        rule=(below("GRM", "RNN"),),
        control=(below("attention", "RNN"),),
        remark="Attention reads every token. Where it gains nothing over the plain layer, a model of this size and "
        "training has not learned to use what stands far back, and no way to remember it can show.",
        seen="the runs of RNN and GRM, when the control was added",
        reported={"Titans": 56.82, "Titans + GRM": 58.33},
        reported_as="common-sense tasks, average in %, 1.3B parameters (table 1)",
        run={"run": "text-grm"},
    ),
)

EVERY = (*MEASURED, *frontier.CLAIMED, *ladder.CLAIMED, *map(identity, IDENTITIES))
CLAIMS: Mapping[str, Claim] = {claim.name: claim for claim in EVERY}
"""Every claim of the board by name, family by family."""
