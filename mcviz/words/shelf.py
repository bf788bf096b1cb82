"""What a question found in the memories it could read, as rows of words: for a reader who is to choose one."""

from dataclasses import dataclass

from mcviz.checks import of_kinds
from mcviz.reference.contribution import shares
from mcviz.trace import Trace
from mcviz.words.portion import portion
from mcviz.words.share import percent, strongest


@dataclass(frozen=True)
class Row:
    """One memory that a token can read: the words of its segment, and what the run made of it."""

    segment: int
    words: tuple[str, ...]
    online: bool  # the token's own segment, up to the token
    taken: bool  # whether it was read: for SSC, whether the router took it
    gate: float  # γ_t^(i), exactly 0 where not read
    answer: tuple[int, ...]  # the places among `words` of the fact that is asked for; none elsewhere


@of_kinds
def shelf(trace: Trace, t: int, head: int = 0) -> list[Row]:
    """The memories that token `t` can read, the online one last. A fact is `trace.fact` tokens, its answer the last.

    Raises `ValueError` for a run whose tokens have no labels, and for a token or a head that it does not have.
    """
    t, head = trace.at(t, head)
    if not trace.tokens:
        raise ValueError("trace: expected tokens with labels, got a run without")
    s = int(trace.segment_of[t])
    source = trace.sources[t] if trace.sources else -1
    rows = []
    for i, (start, stop) in enumerate(trace.segments[: s + 1]):
        end = min(stop, t + 1)
        here = range(max(start, source + 1 - trace.fact), source + 1) if start <= source < end else range(0)
        rows.append(
            Row(
                segment=i,
                words=trace.tokens[start:end],
                online=i == s,
                taken=bool(trace.read[t, head, i]),
                gate=float(trace.weights[t, head, i]),
                answer=tuple(place - start for place in here),
            )
        )
    return rows


@of_kinds
def questions(trace: Trace) -> list[int]:
    """The tokens whose answer stands in an earlier segment."""
    segment = trace.segment_of
    return [t for t, source in enumerate(trace.sources) if source >= 0 and segment[source] < segment[t]]


@of_kinds
def found(trace: Trace, t: int, head: int = 0) -> str:
    """What a question's memories were weighed, which were read, and what the model said, in a few sentences.

    Raises `ValueError` where nothing is asked, or no model said anything, and for a token or a head that the run does
    not have.
    """
    t, head = trace.at(t, head)
    model, known = trace.predictions, trace.tokens and trace.sources
    if model is None or not model.targets or not model.targets[t] or not known or trace.sources[t] < 0:
        raise ValueError(f"t: expected a token at which a model was asked something, got {t}")
    rows = shelf(trace, t, head)
    *kept, own = rows
    taken = [str(row.segment) for row in kept if row.taken]
    first = max(rows, key=lambda row: row.gate)
    name = "the words it is reading now (its online memory)" if first.online else f"checkpoint {first.segment}"
    routed = f"The network's router, which says what is read at all, opened only {' and '.join(taken)}"
    read = routed if len(taken) < len(kept) else "The network read every checkpoint"
    begin = f"{read}; its gate, which says how much each counts, gave most weight, {portion(first.gate)}, to {name}"
    begin += "." if first.online else f", and {portion(own.gate)} to the words it is reading now."
    adds = shares(trace)
    most = first.segment if adds is None else strongest(adds[t, head], trace.read[t, head])
    if adds is not None and most != first.segment:
        comes = "these words" if most == own.segment else f"checkpoint {most}"
        begin += f" Yet most of the output, {percent(adds[t, head, most])}, comes from {comes}."
    answer, p = model.tokens[t][0], float(model.probabilities[t, 0])
    home = next(row for row in rows if row.answer)
    fact = " ".join(home.words[i] for i in home.answer)
    verdict = "right" if answer == model.targets[t] else "wrong"
    said = f"It says “{answer}” (probability {portion(p)}), which is {verdict}"
    return f"{begin} {said}: document {home.segment} says “{fact}”."
