"""Train: a small model learns while the reader looks on; then its training is a film."""

from datetime import timedelta
from functools import partial
from typing import Any, NoReturn

import streamlit as st

from app import controls, field, runs, screen, stepping
from app.desk import FRAMES, OWN, desk, here, keep, mine, wanted
from app.words import plain, refused
from mcviz import choices, film, link, watch
from mcviz.film import FILMS as SHIPPED
from mcviz.order import RATES, TASKS
from mcviz.rules import AGGREGATORS
from mcviz.stepper import film_page
from mcviz.stepper.film import Film
from mcviz.stepper.streamlit import Selection, bring_film, film_stepper, selection, whole_parts
from mcviz.studio import State

PACE, SLOW = timedelta(seconds=0.45), timedelta(seconds=1.5)
"""From one look at a training to the next: until there is a picture, and then, as pictures come without the page."""
REFUSED, PLACED = "train:refused", "train:placed"
CONFIGURED = ("aggregator", "top_k", "gate", "start")
TITLES = {
    "": "Your own training",
    "topics-ssc-cold": "A router that reads few from the first step on",
    "topics-ssc-dense": "A router that read all at first",
    "mqar-grm": "Gates that learn to find a key",
    "topics-rnn": "A plain RNN, which has no gates",
}
"""What films are called in the list."""
SAID = {
    "training": "Training.",
    "pausing": "It saves what it has learned.",
    "paused": "Paused. What it has saved is kept, and goes on from there.",
    "done": "Done: the last frame is the model.",
    "stopped": "Stopped. The film holds what was learned until then.",
    "failed": "It failed.",
}
"""How a training stands, in words; one that waits is told where."""


def page() -> None:
    """The page."""
    if screen.hidden("answers"):
        stepping.title("Train")
        st.info("The film of a training shows what is right, and this link hides answers.")
        return
    can = watch.available("pytorch")
    state = desk().state(mine())
    under_way, waits = stands(state)
    if under_way and not waits:
        screen.put(film="")  # the reader's own, from its first frame on
    names = watchable() if waits or not under_way else ()
    ways = [start] if can and not mine() and not screen.hidden("controls") else []
    told = [] if can else [films_only]
    stepping.title("Train", *ways, *told, *([partial(choose, names)] if names else []))
    if names and screen.get("film") and not screen.get("present"):
        with stepping.said(short=True):
            st.caption(plain(SHIPPED[screen.get("film")].sentence))
    with stepping.said():
        if not screen.get("present"):
            st.markdown(
                "A small model learns from fresh examples, and its last layer is shown on one sequence that it never "
                "learns from: **when does a gate find the document that holds the answer, and when does the loss "
                "fall?**"
            )
        if not can:
            st.info(
                "Training needs PyTorch, which is not installed here: in the folder of the project, "
                '`python -m pip install -e ".[app,torch]" -c constraints.txt` brings it. Films need none.'
            )
    if can and not screen.hidden("controls") and not screen.get("present"):
        with st.sidebar:
            order()
    if screen.get("training") and not mine():
        st.warning("The training that this link names is not on this server any more. Its settings are as they were.")
    if can:
        growing = desk().film(mine()) if under_way else None
        brought = 0 if growing is None else whole_parts(growing)
        pace = SLOW if growing is not None else PACE
        st.fragment(run_every=pace if under_way else None)(draw)((under_way, waits), brought, growing is not None)
        if growing is not None and brought:
            bring_film(growing, key="growing")
    if names:
        films()


def order() -> None:
    """What to train, and how."""
    key = link.TRAIN.__add__
    shown = "The film on screen has its own settings: these" if screen.get("film") else "These"
    st.markdown("**The next training**")
    st.caption(f"{shown} are for the next one. Choose, and press Train. It takes about a minute.")
    st.selectbox("Task", TASKS, format_func=watch.TITLES.__getitem__, key=screen.key(key("task")))
    for choice in choices.CHOICES:
        if choice.name in CONFIGURED and choice.when(lambda name: screen.get(key(name))):
            controls.draw_one(choice, link.TRAIN)
    if AGGREGATORS[screen.get(key("aggregator"))].routes:
        st.toggle(
            "The router reads all at first",
            key=screen.key(key("dense")),
            help="Half of the steps, every checkpoint is read, so that all of them learn. Else the router may starve: "
            "what it never selects, it never learns to select.",
        )
    st.select_slider("Learning rate", RATES, key=screen.key(key("rate")))
    field.number("Steps", key("steps"), step=100)
    field.number("Seed", key("seed"), help="Draws the weights and all examples.")


def stands(state: State | None) -> tuple[bool, bool]:
    """Whether the reader's training goes on by itself; and whether it waits for its turn and has no film yet, so that
    there is room for another one."""
    if state is None:
        return False, False
    return state.under_way, state.status == "waiting" and desk().film(mine()) is None


def draw(stood: tuple[bool, bool], brought: int, seen: bool) -> None:
    """The reader's training as it stands, what can be done, and its film so far, but for the frames that are brought,
    if one was `seen`; by the clock while it is under way. `stood` is how it stood when all of the page was drawn."""
    name = mine()
    state = desk().state(name, here())
    if stood != stands(state):
        st.rerun()  # all of the page: the clock starts or stops, or there is another film
    under_way, _ = stood
    if problem := st.session_state.get(REFUSED, ""):
        st.error(plain(f"This cannot be trained. {problem}"), icon=":material/error:")
    if state is None:
        return
    row = st.container(horizontal=True, vertical_alignment="center", key="under-way" if under_way else "at-rest")
    if not screen.hidden("controls"):
        with row:
            buttons(name, state)
    with refused():
        live = desk().live(name)
        if under_way and live is not None and (not seen or whole_parts(live.film) > brought):
            st.rerun()  # all of the page: it brings more frames, once, and looks less often
        row.markdown(
            plain(told(state, None if live is None else (live.frames[-1].step, live.film.steps))), width="content"
        )
        if live is not None and under_way:
            show(name, live.film, brought, live=f"{FRAMES}/{name}")  # where the picture of this moment is
        elif live is not None and not screen.get("film"):
            show(name, live, brought)
    screen.end()


def show(name: str, seen: Film, brought: int = 0, live: str = "") -> None:
    """A film: at its newest frame, or at the first of one that ships, until the reader goes elsewhere."""
    key = f"film-{name}"
    at = selection(key)
    if st.session_state.get(PLACED) != name:
        step, head = stepping.place(seen.frames[-1].trace)
        at = Selection(step, head, frame=0 if name in SHIPPED else -1)
    film_stepper(
        seen,
        key=key,
        **at._asdict(),
        on_change=stepping.moved,
        present=screen.get("present"),
        on_present=stepping.presented,
        brought=brought,
        live=live,
    )
    st.session_state[PLACED] = name


def watchable() -> tuple[str, ...]:
    """The films that there are, one of which is chosen: the reader's own, which is called "", and those that ship."""
    names = (*([""] if desk().film(mine()) is not None else []), *film.names())
    if names and screen.get("film") not in names:
        screen.put(film=names[0])
    return names


def choose(names: tuple[str, ...]) -> None:
    """Which film to watch."""
    look: dict[str, Any] = {"label_visibility": "collapsed", "width": 360}
    st.selectbox("Watch", names, format_func=TITLES.__getitem__, key=screen.key("film"), **look)


def films() -> None:
    """The film that is chosen; what it is as a file, and two of its frames beside each other."""
    name = screen.get("film")
    with refused():
        seen = runs.film(name) if name else recorded(mine())
        if name:
            show(name, seen)
        export(f"film-{name or mine()}", seen)
        beside(name or mine(), seen)


def export(key: str, seen: film.Film) -> None:
    """The film as one HTML file, and the run of the frame on screen."""

    def at() -> Selection:
        return selection(key)

    with st.container(horizontal=True):
        st.download_button(
            "The film, one HTML file",
            lambda: film_page(seen, **at()._asdict()),
            "mcviz-film.html",
            "text/html",
            icon=":material/html:",
            on_click="ignore",
        )
        st.download_button(
            "The frame on screen, a Trace (.npz)",
            lambda: runs.saved(seen.frames[at().frame].trace),
            "mcviz-frame.npz",
            "application/octet-stream",
            icon=":material/download:",
            on_click="ignore",
        )


def beside(name: str, seen: film.Film) -> None:
    """Two frames, of this film or of two, as two runs in step; what is shut is not computed."""
    two = st.expander("Two frames beside each other", icon=":material/compare:", key="two", on_change="rerun")
    if not two.open:
        return
    with two:
        other = st.selectbox("The second is a frame of", comparable(name, seen), format_func=called, key="two:film")
        if not other:
            of, steps = seen, [frame.step for frame in seen.frames]
            at = st.select_slider("Steps of training", steps, value=(steps[0], steps[-1]), key=f"two:steps:{name}")
        else:
            of = runs.film(other) if other in SHIPPED else recorded(other)
            steps = sorted({frame.step for one in (seen, of) for frame in one.frames})
            key = f"two:step:{name}:{other}"
            at = (st.select_slider("Step of training, of both", steps, value=steps[-1], key=key),) * 2
        first, second = seen.at(at[0]), of.at(at[1])
        if (first.step, second.step) != at:
            said = f"Films have frames of some steps: on the left is step {first.step:,}, on the right {second.step:,}."
            st.caption(said)
        stepping.step_through(first.trace, second.trace, key="two:run")


def comparable(name: str, seen: film.Film) -> list[str]:
    """The films whose frames can stand beside those of the film `name`: "", which is itself, those that ship, the
    reader's own and those they kept."""
    there = {shipped: runs.reel(shipped) for shipped in film.names()}
    kept = [mine(), *(each.removeprefix(OWN) for each in screen.get("mine").split())]
    there |= {each: own for each in kept if (own := desk().film(each)) is not None}
    return ["", *(each for each, one in there.items() if each != name and one.beside(seen))]


def recorded(name: str) -> film.Film:
    """What was recorded of a training that has frames. Raises `ValueError` where it is gone."""
    found = desk().film(name)
    if found is None:
        raise ValueError("film: expected that of a training on this server, but it is not there any more")
    return found


def called(name: str) -> str:
    """What one of those films is called."""
    if not name:
        return "this film"
    if name in TITLES:
        return TITLES[name]
    ordered = desk().order(name)
    return "one that is gone" if ordered is None else f"{ordered.name}, yours, seed {ordered.seed}"


def told(state: State, at: tuple[int, int] | None) -> str:
    """How a training stands, in words; `at` is the step that it has come to, and of how many.

    Of one that takes steps, the clock of its picture says the step, and one that is done has taken all.
    """
    if state.status == "waiting":
        before = f"{state.ahead} training{'s' if state.ahead > 1 else ''}"
        words = (
            f"The cores of this machine are busy: {before} come{'' if state.ahead > 1 else 's'} before yours, which "
        )
        words += "begins by itself."
    elif state.status == "training" and at is None:
        words = "It starts: PyTorch is loaded, and the untrained model is measured."
    elif state.status == "training" and at is not None and at[0] == at[1]:
        words = "All steps are taken. The model is measured on fresh sequences."
    else:
        words = SAID[state.status]
    why = f" Why: {state.said}." if state.said else ""
    return f"{words}{why}" + (
        f" Step {at[0]:,} of {at[1]:,}." if at and state.status not in ("training", "done") else ""
    )


def films_only() -> None:
    """Why there is no way to train, beside the title: what is said of it may stand below the picture."""
    st.badge("Films only: PyTorch is not installed here", color="gray", icon=":material/info:")


def start() -> None:
    """The way to a training of the reader's own."""
    st.button("Train", icon=":material/model_training:", type="primary", on_click=begin)


def buttons(name: str, state: State) -> None:
    """What can be done now with the training of that name."""
    status = state.status
    if status in ("done", "stopped", "failed"):
        st.button("Train another", icon=":material/model_training:", type="primary", on_click=begin)
    if status in ("waiting", "training", "pausing"):
        st.button("Pause", icon=":material/pause:", on_click=desk().pause, args=(name,), disabled=status[0] == "p")
    if status == "paused":
        st.button("Go on", icon=":material/play_arrow:", type="primary", on_click=desk().go_on, args=(name,))
    if status in ("waiting", "training", "pausing", "paused"):
        st.button("Stop", icon=":material/stop:", on_click=desk().stop, args=(name,))
    if status == "done":
        if st.button("Keep it, and explore it", icon=":material/visibility:"):
            explore(name, "Explore")
        if st.button("Compare it", icon=":material/compare:"):
            explore(name, "Compare")
    ordered, files = desk().order(name), desk().files(name)
    if status in ("done", "stopped") and ordered is not None and files:
        what = "Weights, card and film" if status == "done" else "The film"
        st.download_button(
            f"{what} (.zip)",
            lambda: desk().archive(name),
            f"{ordered.name}.zip",
            "application/zip",
            icon=":material/download:",
            on_click="ignore",
        )


def explore(name: str, title: str) -> NoReturn:
    """To another page, with the model that was trained, which is kept; where it is gone, all of this page says so."""
    if not (kept := keep(name)):
        st.rerun()
    screen.another_run(kept)
    screen.go(title)


def begin() -> None:
    """Take the order; the reader's last training, which is over, makes room."""
    try:
        name = desk().take(wanted(), here())
    except ValueError as error:
        st.session_state[REFUSED] = str(error)
        return
    if OWN + mine() not in screen.get("mine").split():
        desk().drop(mine())
    st.session_state[REFUSED] = ""
    screen.put(training=name, film="", step=-1)
    screen.end()
