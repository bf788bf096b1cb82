"""A tour of five minutes: each stop asks, points at what answers, and then tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import streamlit as st

from app import controls, runs, screen, stepping
from app.words import plain, refused
from mcviz import Trace, link, watch, words
from mcviz.watch import Sitting

CACHED, PLAIN, ROUTED = "topics-grm", "topics-rnn", "topics-ssc"
"""Models of one task: with gates, trained as a plain recurrent network, and with a router."""
LENGTHS = (4, 8, 16, 32, 48, 160)
"""Of the dial."""


@dataclass(frozen=True)
class Stop:
    """A place of the tour: a question, what may be answered, and what is told then; and what is on screen.

    `tells` may name what `numbers` finds in the run: `{right}`.
    """

    title: str
    asks: str
    options: tuple[str, ...]
    answer: int  # which of them the run shows to be right
    tells: str
    spotlight: str = ""  # the part of the stepper that is spoken of
    picture: str = ""  # "write", "fading", "dial", or the stepper alone
    run: str = CACHED
    choices: Mapping[str, link.Value] = field(default_factory=dict)
    reveals: Mapping[str, link.Value] = field(default_factory=dict)  # what is chosen when the reader has answered


STOPS = (
    Stop(
        "A network that asks",
        "Eight short documents, then questions, word by word. The dark token ends one, **fox pink** …?, and the "
        "network’s prediction stands below. Can it look the answer up in the words?",
        ("Yes, it sees them all", "No, only in its memory"),
        1,
        "A recurrent network reads a word once, and keeps what its memory holds. Document 3 said “fox pink **vase**” "
        "(★). Of {asked} questions here, this network answers {right} right. How?",
        spotlight="tokens",
    ),
    Stop(
        "One write",
        "A memory starts as a matrix of zeros. A token writes into it: every number of its *value* (left) times every "
        "number of its *key* (above). Orange is above zero, blue below. Reading with the same key gives the green "
        "bars. What are they?",
        ("The value", "The key", "Neither"),
        0,
        "The value of “{stored}”, {strength:.1f} times as long: the bars have the same shape (cosine {likeness:.2f}). "
        "Write M ← M + v kᵀ, read M k: that is a memory.",
        picture="write",
        run=PLAIN,
    ),
    Stop(
        "Forgetting",
        "Every token that follows adds its own pair to the **same** matrix. Move the slider. After how many pairs is "
        "“vase” no longer what it gives back?",
        ("Fewer than 10", "10 to 50", "More than 50"),
        0,
        "With {lost} pairs the answer is nearer to another value, “{instead}” (cosine with “{stored}”: {then:.2f}). "
        "Nothing was deleted: the other pairs drown it.",
        picture="fading",
        run=PLAIN,
    ),
    Stop(
        "A plain recurrent network",
        "This model was trained with that one memory and nothing else. Look at its prediction for “fox pink”. Of "
        "{asked} questions, how many does it answer right?",
        ("None", "About a third", "Nearly all"),
        1,
        "{right} of {asked}. Training taught it to write what will be asked for, but {tokens} tokens share one matrix. "
        "Here it says “{said}”.",
        spotlight="prediction",
        run=PLAIN,
    ),
    Stop(
        "Checkpoints",
        "Memory Caching: after every {length} tokens keep a copy of the memory, a *checkpoint*, and start with an "
        "empty one. How many memories can the dark token read?",
        ("1", "9", "129"),
        1,
        "{readable}: {kept} checkpoints, one for each document, and the *online* memory that it is writing now "
        "(dotted). None of them has to hold more than {length} pairs.",
        spotlight="memories",
    ),
    Stop(
        "The gate",
        "The *gate* compares what the token looks for with what each memory holds, and gives each a share: all shares "
        "sum to one. Which memory gets most?",
        ("Checkpoint 0", "Checkpoint 3", "The online memory"),
        1,
        "Checkpoint {first}, {gate:.3f}: the document about the fox. What it says becomes the output, and the network "
        "says “{said}”.",
        spotlight="gates",
    ),
    Stop(
        "All memories alike",
        "Take the gates away: every memory counts in full. Does it still answer?",
        ("As before", "About half", "Not at all"),
        2,
        "{right} of {asked} right. For a linear memory the sum of all memories *is* one memory of everything. These "
        "weights were trained with gates, so they do even worse than the plain network, which learned to live without.",
        spotlight="gates",
        choices={"aggregator": "residual"},
    ),
    Stop(
        "A router",
        "Reading every copy costs more as text grows. In this model a *router* opens only {k} checkpoints, and the "
        "others are not read at all. How many stay shut here?",
        ("None", "2", "6"),
        2,
        "{shut} of {kept}. It took {taken}, and answers {right} of {asked} questions right.",
        spotlight="memories",
        run=ROUTED,
    ),
    Stop(
        "The dial",
        "The length of a segment is a dial from a plain recurrent network (one segment) to attention (one token each). "
        "These weights learned with 16. What happens with 48, three documents in a copy?",
        ("Nothing", "Half the answers fail", "All fail"),
        1,
        "Longer segments mix documents up; shorter ones cut them apart. Turn the dial.",
        spotlight="all",
        picture="dial",
        reveals={"segment_length": 48},
    ),
    Stop(
        "Your turn",
        "You have seen a memory, why it forgets, checkpoints, gates and a router. What next?",
        (),
        -1,
        "",
        spotlight="all",
    ),
)
WAYS = {"Compare": "two runs side by side", "Surgery": "switch a checkpoint off", "Your own": "your own text"}
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
        trace = controls.trace()
        said, shown = st.columns([3, 8], gap="medium")
        with said, st.container(key="stop", gap="small"):
            st.markdown(f"#### {at} of {len(STOPS)}: {stop.title}")
            told = 0 <= screen.get("told") < len(stop.options)
            st.markdown(tells(stop, trace) if told else stop.asks.format(**numbers(trace, stop)))
            if stop.picture == "dial" and told:
                dial(trace)
            if not told:
                options(stop)
            ways(at, told)
        with shown:
            if stop.picture in ("write", "fading"):
                memory(trace, 1 if stop.picture == "write" else 0)
            else:
                stepping.step_through(trace, key="tour", spotlight=stop.spotlight)


def tells(stop: Stop, trace: Trace) -> str:
    """What is told after an answer."""
    told = screen.get("told")
    verdict = "Yes." if told == stop.answer else f"You said “{stop.options[told]}”."
    return f"{verdict} {stop.tells.format(**numbers(trace, stop))}"


def options(stop: Stop) -> None:
    """What may be answered."""
    with st.container(horizontal=True, gap="small", key="options"):
        for option, text in enumerate(stop.options):
            st.button(text, on_click=screen.put, kwargs={"told": option} | dict(stop.reveals))
        if not stop.options:
            for title, what in WAYS.items():
                if st.button(f"{title}: {what}"):
                    go(0)
                    screen.go(title)


def ways(at: int, told: bool) -> None:
    """On, back, and out."""
    with st.container(horizontal=True, gap="small", key="ways"):
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
    counts = [rights(length) for length in LENGTHS]
    here = trace.config.segment_length
    stepping.drawn("Right answers, by tokens in a segment", "dial", LENGTHS, counts, asked, here)


def memory(trace: Trace, pairs: int) -> None:
    """One matrix with so many pairs in it; with 0, as many as the reader says."""
    seen = runs.faded(trace, fact(trace))
    n = pairs or st.slider("Pairs in the memory", 1, 60, 1, key="pairs")
    word, back = trace.tokens[seen.place], trace.tokens[int(seen.nearest[n - 1])]
    stepping.drawn(f"What “{word}” wrote, and what comes back", "fading", seen, n)
    mark = "✓" if back == word else "✗"
    st.markdown(
        plain(f"Asked for “{question(trace)}”: nearest to “{back}” {mark}. Cosine with “{word}”:")
        + f" **{seen.likeness[n - 1]:.2f}**"
    )


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
        "readable": s + 1,
        "kept": s,
        "shut": s - len(taken),
        "taken": " and ".join(map(str, taken)),
        "first": first.segment,
        "gate": first.gate,
    }
    if stop.picture in ("write", "fading"):
        seen = runs.faded(trace, fact(trace))
        lost = min(seen.lasts, len(seen.likeness) - 1)
        found |= {
            "stored": trace.tokens[seen.place],
            "strength": seen.strength[0],
            "likeness": seen.likeness[0],
            "lost": lost + 1,
            "then": seen.likeness[lost],
            "instead": trace.tokens[int(seen.nearest[lost])],
        }
    return found


def rights(length: int) -> int:
    """Right answers of the sequence with segments of that length."""
    cfg = replace(watch.config(CACHED), segment_length=length)
    trace = runs.model(Sitting(CACHED, cfg, screen.get("seed")), watch.choose())
    return (words.accuracy(trace) or (0, 0))[0]


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
    return [(stop.title, stop.tells.format(**numbers(trace, stop)).replace("*", "")) for stop in about]


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
