"""Write: a trained model reads the reader's text, and writes on."""

import streamlit as st

from app import controls, field, runs, screen, stepping
from app.words import plain, refused
from mcviz import watch, writing
from mcviz.writing import MOST, Draft

PACE = 0.7
"""Seconds from one stretch of text to the next, while the model writes by itself."""
STRETCH = 6
"""Characters in it."""
LINES = 52
"""Pixels of the text as it stands: its last lines, and the rest by a scroll."""
GOING = "write:going"
LEARNED = {"stories": "small stories", "text": "one book"}
"""What there is that the models of each task can go on with."""
CANNOT = {
    "stories": "It knows stories of one kind, with few names, animals, things and colours, and often takes a new name "
    "where one of the story would be right. Of other texts it reads every letter, but learned nothing about them.",
    "text": "It learned from three chapters of one book: it writes letters that look like English, and few words that "
    "make sense.",
}
"""What the models of each task cannot do."""


def page() -> None:
    """The page."""
    names = writing.names()
    if screen.get("run") not in names:
        screen.another_run(names[0])
    top = st.sidebar.container()
    controls.draw(models=names)
    left, right = st.columns([1, 2], vertical_alignment="center")
    with left:
        stepping.title("Write")
        if not screen.get("present"):
            st.caption(f"Press Write. It learned {LEARNED[watch.task(screen.get('run'))]} only.")
    if not screen.hidden("controls") and not screen.get("present"):
        with right:
            st.text_area("Your text", key=screen.key("draft"), height=68, on_change=begin, label_visibility="collapsed")
        with top:
            taste()
    if not screen.get("present"):
        with stepping.said():
            st.markdown(
                "A small trained network reads your text, letter by letter, and says what it expects next. Then it "
                "writes on, and reads each letter that it chose."
            )
    going = st.session_state.get(GOING, False)
    st.fragment(run_every=PACE if going else None)(draw)(going)
    if not screen.get("present"):
        st.caption(plain(able(screen.get("run"))))


def taste() -> None:
    """How the next character is chosen."""
    field.number(
        "Temperature, in hundredths",
        "heat",
        step=10,
        then=begin,
        help="0: always the likeliest character. Else characters are drawn, from the seed: the hotter, the wilder.",
    )
    if screen.get("heat"):
        field.number("Seed", "seed", then=begin)


def able(name: str) -> str:
    """What a model can do, as measured, and what it cannot."""
    right, low, high, sequences = watch.measured(name)
    said = [
        f"On {sequences:,} new texts, {right:.0%} of the characters are the one that it expects most ({low:.1%} to "
        f"{high:.1%})."
    ]
    again = watch.recalled(name)
    if again is not None:
        said.append(f"What was said before, it begins right in {again[0]:.0%} ({again[1]:.1%} to {again[2]:.1%}).")
    return " ".join([*said, CANNOT[watch.task(name)]])


def draft(characters: int | None = None) -> Draft:
    """The text as it stands. Raises the library's `ValueError`s."""
    seat = controls.sitting()
    assert seat is not None
    n = screen.get("written") if characters is None else characters
    return Draft(
        seat.name, screen.get("draft"), n, screen.get("heat") / 100, screen.get("seed"), seat.cfg, seat.weights
    )


def draw(going: bool) -> None:
    """What is written so far, what the reader can do, and the stepper on it; `going` by the clock, or not."""
    if st.session_state.get(GOING, False):
        put(screen.get("written") + STRETCH)
    if going != st.session_state.get(GOING, False):
        st.rerun()  # all of the page: the clock starts or stops
    try:
        now = draft()
        wrote = writing.continuation(now, screen.get("backend"))
        trace = runs.written(now, screen.get("backend"))
    except ValueError:
        stop()
        with refused():
            raise
        way_out()
        return
    with st.container(horizontal=True, vertical_alignment="center", key="writing"):
        if not screen.hidden("controls"):
            buttons(len(now.text) + now.characters >= MOST)
        with st.container(height=LINES, border=False, autoscroll=True):
            st.markdown(f"{shown(now.text)}:violet-background[**{shown(wrote)}**]" if wrote else shown(now.text))
    stepping.step_through(trace, key="write")
    stepping.export(trace)
    screen.end()


def shown(text: str) -> str:
    """Text as Markdown, with the ends of its lines."""
    return "  \n".join(map(plain, text.split("\n")))


def buttons(full: bool) -> None:
    """Write, stop, one step, and all over again."""
    going = st.session_state.get(GOING, False)
    with st.container(horizontal=True, width="content", gap="small"):
        if going:
            st.button("Stop writing", icon=":material/stop:", type="primary", on_click=stop)
        else:
            label = "Go on" if screen.get("written") else "Write"
            st.button(label, icon=":material/play_arrow:", type="primary", on_click=go, disabled=full)
        one = {"characters": screen.get("written") + 1}
        st.button("Step", icon=":material/skip_next:", on_click=put, kwargs=one, disabled=going or full)
        one = {"characters": screen.get("written") - 1}
        st.button("Back", icon=":material/undo:", on_click=put, kwargs=one, disabled=going or not screen.get("written"))
        st.button("Start over", icon=":material/replay:", on_click=begin, disabled=not screen.get("written"))
    if full:
        st.caption(f"A text and what is written after it have {MOST:,} characters at most.")


def put(characters: int) -> None:
    """So many characters are written, and the last one is on screen."""
    most = max(0, MOST - len(screen.get("draft")))
    screen.put(written=min(characters, most), step=len(screen.get("draft")) + min(characters, most) - 1)
    if characters >= most:
        st.session_state[GOING] = False


def go() -> None:
    """The model writes by itself."""
    st.session_state[GOING] = True


def stop() -> None:
    """It waits."""
    st.session_state[GOING] = False


def begin() -> None:
    """Back to the reader's text alone."""
    stop()
    screen.put(written=0, step=-1)


def way_out() -> None:
    """What helps where the text cannot be read: the text stays as it is until the reader says so."""
    text, name = screen.get("draft"), screen.get("run")
    fits = writing.without(name, text)[:MOST]
    with st.container(horizontal=True):
        if fits and fits != text:
            kept = {"draft": fits, "written": 0, "step": -1}
            st.button("Keep what it can read", on_click=screen.put, kwargs=kept)
        if screen.get("written"):
            st.button("Start over", icon=":material/replay:", on_click=begin)
