"""A tour of five minutes: each stop asks, points at what answers, and then tells."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from app import controls, runs, screen, stepping
from app.stops import CACHED, PLAIN, ROUTED, STOPS, Stop
from app.words import plain, refused
from mcviz import Trace, cost, link, watch, words
from mcviz.probes.fading import Fading
from mcviz.watch import Sitting

LENGTHS = (4, 8, 16, 32, 48, 160)
"""Of the dial."""
ONE = ("write", "fading")
"""Pictures of one memory, in place of the stepper."""
PAIRS = 60
"""How many are written into one memory, where there are as many."""
WAYS = {
    "Library": "write documents of your own, and ask",
    "Compare": "two runs side by side",
    "Surgery": "switch a checkpoint off",
    "Claims": "is it the caching, or only more memory?",
    "Cost": "what it takes, beside attention",
}
"""Where the last stop leads."""


def whole(parameters: Mapping[str, str]) -> Mapping[str, str]:
    """An address with all that its stop of the tour sets, where somebody wrote no more than `?tour=7`."""
    at = parameters.get("tour", "")
    if not (at.isascii() and at.isdecimal() and len(at) < 3 and 1 <= int(at) <= len(STOPS)):
        return parameters
    stop = STOPS[int(at) - 1]
    if stop.run not in watch.names():
        return parameters
    return link.write(link.defaults(stop.run) | dict(stop.choices)) | dict(parameters)


def begin() -> None:
    """The way into the tour."""
    if not screen.hidden("controls") and not on_the_way() and CACHED in watch.names():
        st.button("Take the five-minute tour", icon=":material/tour:", on_click=go, args=(1,))


def on_the_way() -> bool:
    """Whether the tour is at one of its stops. It needs models that answer, and shows answers."""
    return 1 <= screen.get("tour") <= len(STOPS) and CACHED in watch.names() and not screen.hidden("answers")


def page() -> None:
    """The stop that the tour has reached: what it says, and what it shows."""
    at = screen.get("tour")
    stop = STOPS[at - 1]
    with refused():
        trace = ran(stop.run) if stop.picture in ONE else controls.trace()
        said, shown = st.columns([3, 8], gap="medium")
        with said, st.container(key="stop", gap="small"):
            st.markdown(f"#### {at} of {len(STOPS)}: {stop.title}")
            told = 0 <= screen.get("told") <= len(stop.options) and bool(stop.options)
            st.markdown(tells(stop, trace) if told else stop.asks.format(**numbers(trace, stop)))
            if stop.picture == "dial" and told:
                dial(trace)
            if not told:
                options(stop)
            ways(at, stop, told)
        with shown:
            if stop.picture == "write":
                memory(trace, 1, told)
            elif stop.picture == "fading":
                forgetting(trace, told)
            else:
                hides = "" if told else stop.hides
                stepping.step_through(trace, key="tour", spotlight=stop.spotlight, hides=hides)


def tells(stop: Stop, trace: Trace) -> str:
    """What is told after an answer, or to a reader who asked to be shown."""
    said, right = screen.get("told"), stop.options[stop.answer]
    verdict = f"It is “{right}”."
    if said == stop.answer:
        verdict = "**Right.**"
    elif said < len(stop.options):
        verdict = f"You said “{stop.options[said]}”; it is “{right}”."
    return f"{verdict} {stop.tells.format(**numbers(trace, stop))}"


def options(stop: Stop) -> None:
    """What may be answered."""
    with st.container(horizontal=True, gap="small", key="options"):
        for option, text in enumerate(stop.options):
            st.button(text, on_click=answer, args=(stop, option))
        if not stop.options:
            for title, what in WAYS.items():
                if st.button(f"{title}: {what}"):
                    go(0)
                    screen.go(title)


def answer(stop: Stop, option: int) -> None:
    """What the reader said; one more than there are is to be shown."""
    screen.put(told=option, **stop.reveals)


def ways(at: int, stop: Stop, told: bool) -> None:
    """To be shown, on, back, and out."""
    with st.container(horizontal=True, gap="small", key="ways"):
        if stop.options and not told:
            st.button("Show me", type="tertiary", on_click=answer, args=(stop, len(stop.options)))
        if at > 1:
            st.button("Back", type="tertiary", on_click=go, args=(at - 1,))
        if at < len(STOPS):
            st.button("Next", type="primary" if told else "tertiary", on_click=go, args=(at + 1,))
        st.button("Leave the tour", type="tertiary", on_click=go, args=(0,))


def dial(trace: Trace) -> None:
    """The length of a segment to turn, and under it the right answers with every length."""
    right, asked = words.accuracy(trace) or (0, 0)
    key = screen.key("segment_length")
    st.segmented_control("Tokens in a segment", LENGTHS, key=key, required=True, label_visibility="collapsed")
    st.markdown(f"With segments of {trace.config.segment_length}: **{right} of {asked}** answers right.")
    counts = [rights(CACHED, length) for length in LENGTHS]
    here = trace.config.segment_length
    stepping.drawn("Right answers, by tokens in a segment", "dial", LENGTHS, counts, asked, here)


def memory(trace: Trace, n: int, told: bool = True) -> None:
    """One matrix with `n` pairs in it, and what it gives back for the first, by name once it is told."""
    seen = runs.faded(trace, fact(trace))
    word, back = trace.tokens[seen.place], trace.tokens[int(seen.nearest[n - 1])]
    stepping.drawn(f"What “{word}” wrote, and what comes back", "fading" if told else "unsaid", seen, n)
    nearest = f"“{back}” {'✓' if back == word else '✗'}" if told else "?"
    likeness = f"**{seen.likeness[n - 1]:.2f}**" if told else "**?**"
    st.markdown(plain(f"Asked for “{question(trace)}”: nearest to {nearest}. Cosine with “{word}”:") + f" {likeness}")


def forgetting(trace: Trace, told: bool) -> None:
    """As many pairs as the reader says; once it is told, first as many as it takes, and what becomes of the first."""
    seen = runs.faded(trace, fact(trace))
    most = min(PAIRS, len(seen.likeness))
    first = lost(seen) + 1 if told else 1
    n = st.slider("Pairs in the memory", 1, most, min(first, most), key=f"pairs:{told}")
    memory(trace, n)
    if told:
        word = trace.tokens[seen.place]
        stepping.drawn(f"How much “{word}” is left", "forgetting", seen, n, most)


def lost(seen: Fading) -> int:
    """The place, among the pairs, of the one with which another value is nearer."""
    return min(seen.lasts, len(seen.likeness) - 1)


def fact(trace: Trace) -> int:
    """The token that answers the question on screen."""
    return trace.sources[stepping.place(trace)[0]]


def question(trace: Trace) -> str:
    """The two tokens that ask."""
    t = stepping.place(trace)[0]
    return " ".join(trace.tokens[t - 1 : t + 1])


def numbers(trace: Trace, stop: Stop) -> dict[str, object]:
    """What the sentences of a stop say of the run, by name."""
    t, head = stepping.place(trace)
    right, asked = words.accuracy(trace) or (0, 0)
    said = stop.asks + stop.tells
    s = int(trace.segment_of[t])
    rows = words.shelf(trace, t, head)
    taken = [row.segment for row in rows if row.taken and not row.online]
    first = max(rows, key=lambda row: row.gate)
    found: dict[str, object] = {
        "right": right,
        "asked": asked,
        "tokens": trace.T,
        "length": trace.config.segment_length,
        "k": trace.config.top_k,
        "said": trace.predictions.tokens[t][0] if trace.predictions else "",
        "kept": s,
        "taken": " and ".join(map(str, taken)),
        "first": first.segment,
        "gate": words.portion(first.gate),
        "unheard": words.unheard(trace, t, head),
        "router": stop_of(ROUTED),
        "alone": stop_of(PLAIN),
        "few": cost.most_read(trace.config, s + 1),
        "many": s + 1,
    }
    if "{home}" in said:
        recall = runs.recall(trace, head)[0]
        found |= {"pairs": len(recall.places), "home": recall.kept}
    if "{plain}" in said:
        found["plain"] = rights(PLAIN)
    if "{larger" in said:
        finding = runs.finding("frontier-topics")
        larger, gated = finding.intervals.values()
        found |= {"seeds": len(finding.seeds), "larger": larger.mean, "gated": gated.mean}
    if stop.picture in ONE:
        seen = runs.faded(trace, fact(trace))
        at = lost(seen)
        found |= {
            "stored": trace.tokens[seen.place],
            "strength": seen.strength[0],
            "likeness": seen.likeness[0],
            "lost": at + 1,
            "then": seen.likeness[at],
            "within": seen.likeness[min(trace.config.segment_length, len(seen.likeness)) - 1],
            "instead": trace.tokens[int(seen.nearest[at])],
        }
    return found


def stop_of(name: str) -> int:
    """The first stop that shows the model called `name`."""
    return 1 + [one.run for one in STOPS].index(name)


def ran(name: str, length: int = 0) -> Trace:
    """The run of the model called `name` on the sequence, as it was trained, or with segments of that length."""
    own = watch.config(name)
    cfg = replace(own, segment_length=length or own.segment_length)
    return runs.model(Sitting(name, cfg, screen.get("seed")), watch.choose())


def rights(name: str, length: int = 0) -> int:
    """Right answers of `ran`."""
    return (words.accuracy(ran(name, length)) or (0, 0))[0]


def notes(trace: Trace) -> list[tuple[str, str]]:
    """What the tour tells of this run, in plain text: the stops that show it."""
    if CACHED not in watch.names():
        return []
    here = {name: screen.get(name) for name in link.CONFIG} | {name: screen.get(name) for name in ("run", "seed")}
    about = [
        stop
        for stop in STOPS
        if stop.tells and not stop.picture and here.items() <= (link.defaults(stop.run) | dict(stop.choices)).items()
    ]
    t = stepping.place(trace)[0]
    return [
        (f"{stop.title}, at token {t}", stop.tells.format(**numbers(trace, stop)).replace("*", "")) for stop in about
    ]


def go(at: int) -> None:
    """To a stop, which sets all that is on screen; 0 leaves, and brings back what the reader had before."""
    if not on_the_way():
        st.session_state.before = {name: screen.get(name) for name in link.fields()}
    kept = {name: screen.get(name) for name in screen.KEPT}
    if not at:
        before = st.session_state.get("before") or link.defaults(CACHED)
        screen.put(**before | kept | {"tour": 0, "told": -1})
        return
    stop = STOPS[at - 1]
    screen.put(**link.defaults(stop.run) | dict(stop.choices) | kept | {"tour": at})
