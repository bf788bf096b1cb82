"""The glossary: what each word on a page stands for, once.

>>> from mcviz.words import glossary
>>> glossary.about("gate")
'How much a memory counts for a token: its answer is multiplied by this number. With softmax all gates sum to 1.'
>>> glossary.TERMS["gate"].symbol
'γ_t^(i)'
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mcviz.rules import AGGREGATORS, Equation, aggregators, sheet


@dataclass(frozen=True)
class Term:
    """A word, one or two plain sentences on it, its symbol, and its equation if it has one.

    Symbol and equation are written as `mcviz.rules.equation` says. `also` is how else the word is written.
    """

    name: str
    says: str
    symbol: str = ""
    equation: Equation | None = None
    also: tuple[str, ...] = ()


def about(term: str) -> str:
    """What a term stands for, in plain sentences. Raises `ValueError` for a word that the glossary lacks."""
    if term not in SPELLINGS:
        raise ValueError(f"term: expected a word of the glossary, got {term!r}")
    return SPELLINGS[term].says


def _write(memory: str) -> Equation:
    """What becomes of a memory with one token, under a rule's defaults."""
    rule = sheet(memory)
    return rule.write(rule.defaults)[-1]


def _inner(memory: str) -> Equation | None:
    rule = sheet(memory)
    return rule.loss(rule.defaults)


TERMS: Mapping[str, Term] = {
    term.name: term
    for term in (
        # what is read and written
        Term("token", "One piece of the sequence: a word, a letter or a number. The model reads one after the other."),
        Term(
            "memory",
            "A table of numbers that a recurrent layer writes to and reads from: a write stores a value under a key, "
            "and reading with that key brings the value back.",
            "M",
        ),
        Term(
            "online memory",
            "The memory that is being written now, by the tokens of the current segment.",
            "M_t^(s)",
        ),
        Term(
            "initial memory",
            "What a memory holds before the first token is written. For a matrix that is zeros, unless a layer learned "
            "another.",
            "M_0",
            also=("M₀",),
        ),
        Term(
            "segment",
            "A stretch of the sequence with a memory of its own. Where it ends, its memory is kept as a checkpoint.",
            "S(i)",
        ),
        Term(
            "segment length",
            "How many tokens share one memory. One segment for all is a plain recurrent network; one token each is "
            "close to attention.",
            "C",
        ),
        Term(
            "checkpoint",
            "The memory as it was when its segment ended. It is kept as it is, and later tokens can read it.",
            "M^(i)",
        ),
        Term("cache", "All checkpoints that are kept so far."),
        Term(
            "memory caching",
            "Keep a copy of a recurrent network's memory at the end of every segment, and let later tokens read the "
            "copies. So memory grows with the sequence, and old facts are not overwritten.",
        ),
        Term("query", "What a token asks a memory for. It answers with what is stored under similar keys.", "q_t"),
        Term("key", "The address under which a token stores its value in a memory.", "k_t"),
        Term("value", "What a token stores in a memory, under its key.", "v_t"),
        Term(
            "connector",
            "What a token looks for among segments. Only gates and the router use it: it is compared with the context "
            "of each segment.",
            "u_t",
        ),
        Term(
            "head",
            "One of several layers of memory side by side. Each has queries, keys, memories and gates of its own.",
        ),
        Term("seed", "The number that draws all that is random: the same seed gives the same sequence and run."),
        # how memories are read
        Term(
            "context",
            "What stands for a segment when a token decides which memory to read: the pooled keys of its tokens.",
            "c^(i)",
            aggregators.context("mean"),
        ),
        Term(
            "pooling",
            "How the keys of a segment become one context: their mean, or their sum.",
            "",
            aggregators.context("mean"),
        ),
        Term(
            "relevance",
            "How well what a token looks for fits a segment: the product of its connector and the segment's context. "
            "The larger, the larger the gate.",
            "r_t^(i)",
            aggregators.score("grm", "context"),
        ),
        Term(
            "gate",
            "How much a memory counts for a token: its answer is multiplied by this number. With softmax all gates sum "
            "to 1.",
            "γ_t^(i)",
            AGGREGATORS["grm"].weight,
        ),
        Term(
            "router",
            "What decides which checkpoints are opened at all: the k most relevant ones. The others cost nothing and "
            "say nothing.",
            "R_t",
            aggregators.router("ssc", 2),
        ),
        Term("top-k", "The k largest: the router opens so many checkpoints, whatever their number.", "k"),
        Term("aggregator", "The way in which a token makes one answer out of all memories that it can read."),
        Term(
            "read",
            "What a memory answers to a query, before the gate has weighed it.",
            "M^(i)(q_t)",
            sheet("linear").read(sheet("linear").defaults),
        ),
        Term("reads", "How many memories a token, or a whole run, has read: the cost that grows with the cache."),
        Term("output", "What the layer hands on: the answers of all memories read, each times its gate.", "y_t"),
        Term(
            "contribution",
            "What a memory adds to the output: its answer times its gate. As a share it is measured along the output, "
            "so all shares sum to 100 %, and one that pulls the other way is negative.",
            "",
            aggregators.SHARE,
        ),
        Term(
            "alone",
            "What the model would say if this memory were the only one that the token reads, with all else as in the "
            "run: its answer goes in with gate 1, in every head, and the model's last layers make a word of it. In "
            "brackets if the token did not read it.",
        ),
        Term("prediction", "The tokens that the model holds likeliest to come next, with their probabilities."),
        Term("plain RNN", "A recurrent network that reads its online memory alone and keeps no checkpoint."),
        Term(
            "residual",
            "All memories that can be read count alike, and in full: their answers are added up.",
            "",
            AGGREGATORS["residual"].output,
        ),
        Term(
            "GRM",
            "Gated residual memory: every memory is read, and gates weigh the answers before they are added.",
            "",
            AGGREGATORS["grm"].output,
        ),
        Term(
            "memory soup",
            "The memories themselves are mixed, as the gates weigh them, into one, and that one is read.",
            "",
            AGGREGATORS["soup"].mixed,
        ),
        Term(
            "SSC",
            "Sparse selective caching: a router opens the k most relevant checkpoints, and gates weigh those and the "
            "online memory.",
            "",
            AGGREGATORS["ssc"].output,
        ),
        Term(
            "average",
            "All memories count alike, and their mean is the output. It needs no training.",
            "",
            AGGREGATORS["average"].output,
        ),
        Term(
            "start",
            "What a new segment's memory begins with: the initial memory each time (independent), or where the last "
            "segment ended (checkpoint).",
        ),
        # how memories are written
        Term(
            "linear attention",
            "The simplest rule: a write adds the product of value and key to the matrix, and takes nothing away.",
            "",
            _write("linear"),
        ),
        Term(
            "decay",
            "A write first shrinks the whole memory a little, so what is old fades.",
            "α_t",
            _write("decay"),
        ),
        Term(
            "SWLA",
            "Sliding-window linear attention: a write takes in the latest few pairs at once, and older ones fade.",
            "",
            _write("swla"),
        ),
        Term(
            "delta rule",
            "A write first takes back what the memory already says to the key, so that the new value replaces it.",
            "",
            _write("delta"),
        ),
        Term(
            "gated delta",
            "The delta rule with decay: old values are replaced, and everything fades a little.",
            "",
            _write("gated_delta"),
        ),
        Term(
            "DLA",
            "Deep linear attention: the memory is a small network, and a write is one step of its training.",
            "",
            _write("dla"),
        ),
        Term(
            "Titans",
            "A memory that is a small network, trained while it reads: a write is a step of gradient descent with "
            "momentum, and old weights fade.",
            "",
            _write("titans"),
        ),
        Term("deep memory", "A memory that is a small neural network instead of a matrix."),
        Term(
            "inner loss",
            "How badly a memory gives back the value of the pair that is written. A write is a step that lowers it.",
            "ℓ",
            _inner("delta"),
        ),
        Term("learning rate", "How far one write moves the memory.", "η_t"),
        Term("momentum", "The direction of earlier writes, which goes on to push.", "S_t"),
        Term("interference", "What other pairs mix into an answer, because one memory holds them all."),
        Term(
            "cosine",
            "How alike two lists of numbers are, whatever their lengths: 1 if one is a multiple of the other, 0 if "
            "they have nothing in common, −1 if it is its opposite.",
        ),
        # what is asked and measured
        Term("recall", "The share of questions that are answered right."),
        Term(
            "MQAR",
            "Multi-query associative recall: pairs of key and value first, then keys whose values are asked for.",
        ),
        Term("needle", "A fact hidden in a long stretch of other text, which is asked for at the end."),
        Term("source", "The token at which the answer to a question stands."),
        Term("event", "Something that happens at some tokens and not at others: n and p go to the next and the last."),
        Term(
            "KV cache",
            "What attention keeps: the key and the value of every token. It grows with every token and is read whole.",
        ),
        Term("attention", "Every token looks at every earlier one, and nothing is summed up in a memory."),
        Term(
            "sparse attention",
            "Attention that reads a window of the latest tokens, or each last of a stride; the others are forgotten.",
        ),
        Term(
            "log-linear attention",
            "Linear attention whose tokens read themselves and sums over 1, 2, 4, … earlier ones, each with a weight; "
            "what is older lies in larger sums.",
        ),
        Term(
            "frontier",
            "Recall against what it takes: bytes kept, numbers read or operations. Nothing that takes as little beats "
            "what lies on it.",
        ),
        Term("bytes", "How much is fetched from memory, or kept in it."),
        Term("operations", "Multiplications and additions, as they are counted in the equations."),
        Term("entropy", "How spread the gates are: 0 where one memory takes all, larger where many share.", "nats"),
        Term("nats", "A unit of information: 1 nat is 1.44 bits."),
        Term("bits", "A unit of information: losing 1 bit halves the probability of the answer."),
        # what can be tried
        Term("oracle", "A chooser that knows the right answer: it tries every selection and keeps the best."),
        Term("regret", "What the router's choice costs beside the best one that the oracle found, in bits.", "bits"),
        Term("surgery", "Change the cache of a run by hand (switch off, swap, scale, freeze) and see what it changes."),
        Term("untrained", "Weights as they were drawn: the algorithm works, but nothing was learned."),
        Term(
            "claim",
            "A sentence that runs can confirm or refute, by a rule that is older, or says what had been seen.",
        ),
        Term("trace", "Everything that one run computed: what every picture shows, number for number."),
    )
}
"""Every term by its name, in the order in which a newcomer meets them."""

SPELLINGS: Mapping[str, Term] = {word: term for term in TERMS.values() for word in (term.name, *term.also)}
"""Every term by each way in which it is written: for what points at a word."""
