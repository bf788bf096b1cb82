"""What it costs to remember: the sizes of a layer to move, three pictures, one sheet, and a game."""

from typing import Any

import streamlit as st

from app import field, playing, runs, screen, stepping
from app.sheet import sheet
from app.words import plain, refused
from mcviz import link, tradeoff, words
from mcviz.rules import SHEETS
from mcviz.tradeoff import PAPER, RULES, Setting

STEPS = {
    "d": (8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 1024),
    "H": (1, 2, 4, 8, 16, 32, 64),
    "C": (1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 16384),
    "L": (64, 256, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 524288),
    "k": (1, 2, 3, 4, 6, 8, 12, 16, 32, 64),
    "expansion": (1, 2, 3, 4, 6, 8, 16),
    "itemsize": (1, 2, 4, 8),
}
CALLED = {
    "d": "Width of a head, d",
    "H": "Heads, H",
    "C": "Tokens in a segment, C",
    "L": "Tokens in the sequence, L",
    "k": "Checkpoints that SSC selects, k",
    "expansion": "Expansion of the MLP",
    "itemsize": "Bytes per number",
}


def page() -> None:
    """The page."""
    draw()
    stepping.title("Cost")
    with refused():
        setting = chosen()
        pictures(setting)
        three_ways(setting)
    playing.game()


def draw() -> None:
    """The sizes, and the paper's."""
    if screen.hidden("controls"):
        return
    with st.sidebar:
        names = [one.name for one in PAPER]
        st.selectbox(
            "The paper's settings",
            names,
            index=None,
            placeholder=named() or "none of them: choose one",
            key="preset",
            on_change=preset,
        )
        slider("d")
        slider("H")
        length("C")
        length("L")
        slider("k")
        key = screen.key(link.COST + "memory")
        st.selectbox("Memory", RULES, format_func=lambda name: SHEETS[name].title, key=key)
        if "expansion" in SHEETS[screen.get(link.COST + "memory")].defaults:
            slider("expansion")
        slider("itemsize")


def slider(name: str) -> None:
    """Steps that double, about, with whatever the link asks for among them."""
    key = link.COST + name
    steps = sorted({*STEPS[name], screen.get(key)})
    st.select_slider(CALLED[name], steps, format_func=lambda n: f"{n:,}", key=screen.key(key))


def length(name: str) -> None:
    """A slider, and beside it a field for a number that is none of its steps."""
    dragged, written = st.columns([3, 2], gap="small", vertical_alignment="bottom")
    with dragged:
        slider(name)
    key = link.COST + name

    def take(text: str) -> None:
        size: dict[str, Any] = {name: link.parse(key, text)}
        Setting(**size)  # refuses what leaves its limits
        screen.put(**{key: size[name]})

    with written:
        field.whole(CALLED[name], key, screen.get(key), take, label_visibility="collapsed")


def preset() -> None:
    """Take a setting of the paper: its sizes, and nothing that it does not say."""
    one = next(one for one in PAPER if one.name == st.session_state.preset)
    screen.put(**{link.COST + name: getattr(one.setting, name) for name in ("d", "H", "C", "L")})
    st.session_state.preset = None


def named() -> str:
    """The name of the paper's setting that is on screen."""
    try:
        return tradeoff.published(chosen())
    except ValueError:
        return ""


def chosen() -> Setting:
    """The setting on screen. Raises the library's `ValueError` where there is none."""
    return Setting(**{name: screen.get(link.COST + name) for name in link.SETTING})


def pictures(setting: Setting) -> None:
    """Three pictures, what each shows in a sentence, and the sheet."""
    says = words.pictured(setting)
    left, right = st.columns(2, gap="medium")
    with left:
        stepping.drawn("Operations per token, by sequence length", "spent", setting)
        st.markdown(plain(says.spent))
        drawn = "Log segments: GRM on logarithmic segments, drawn where there are most of them, L = 2ⁿ − 1."
        st.caption(plain(f"{drawn} {says.remarks}"))
    with right:
        stepping.drawn("Bytes kept per token, by segment length", "stored", setting)
        st.markdown(plain(says.stored))
        st.caption(
            "✖ a checkpoint and the KV cache of its segment are as large. ◇ the paper's C, at this width of a head."
        )
    left, right = st.columns([3, 5], gap="medium")
    with left:
        stepping.drawn("What one more token reads, one head", "fetched", setting)
        st.markdown(plain(says.fetched))
    with right, st.container(key="ledger"):
        st.markdown("#### The sheet, all heads")
        sheet(runs.table("ledger", setting))
        st.caption(
            "Operations are those of one layer's memory over the whole sequence. Reads are the memories, or the pairs "
            "of attention, that its last token reads; fetched are these and the contexts that its scores compare. Kept "
            "after it are checkpoints, their contexts and the memory being written, which is all that the RNN keeps."
        )


def three_ways(setting: Setting) -> None:
    """The formula's numbers, those of a run, and the clock's."""
    st.markdown("### Modelled, counted, measured")
    with st.container(key="three-ways"):
        modelled, counted, measured = st.columns([4, 5, 4], gap="medium")
    with modelled:
        st.markdown("**Modelled:** one head, by formula")
        sheet(runs.table("modelled", setting))
        st.caption("An operation is one multiplication, addition or elementary function on one number.")
    with counted:
        tiny = tradeoff.small(setting)
        seen = runs.counted(tiny)
        st.markdown("**Counted:** in runs of the reference")
        sheet(runs.table("counted", tiny, seen))
        st.caption(
            plain(
                f"The same setting made small: d = {tiny.d}, H = {tiny.H}, C = {tiny.C}, L = {tiny.L}, k = {tiny.k}, "
                f"{tiny.itemsize} bytes a number. Operations counted one by one; reads, bytes fetched and bytes cached "
                f"from the Trace. {words.agreement(tiny, seen)}"
            )
        )
    with measured:
        on_this_machine(setting)


@st.fragment
def on_this_machine(setting: Setting) -> None:
    """The clock's numbers, once they are asked for."""
    st.markdown("**Measured:** on this machine")
    st.caption("Ratios to attention: one head of this setting, forwards, float32, one thread, three turns each.")
    if st.button("Measure now", icon=":material/timer:"):
        with refused():
            st.session_state.measured = (setting, runs.measured(setting))
    at, timings = st.session_state.get("measured", (None, {}))
    if timings and at == setting:
        sheet(words.timed(timings))
        st.caption("Where a ratio is above the modelled one, an operation takes longer than one of attention's.")
    elif timings:
        st.caption("What was measured last was another setting.")
