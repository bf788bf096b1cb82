"""Oracle: every selection that the router could have made, and what each would have cost."""

import streamlit as st

from app import controls, field, runs, screen, stepping
from app.words import plain, refused
from mcviz import words
from mcviz.config import GATED
from mcviz.probes.oracle import Choice
from mcviz.rules import AGGREGATORS


def page() -> None:
    """The page."""
    controls.draw()
    top = stepping.title("Was its choice right?", controls.reset)
    with refused():
        trace = stepping.shown(controls.trace())
        stepping.labelled(top, trace)
        if screen.hidden("answers"):
            st.info("This link hides the answers, and without them no choice is right or wrong.")
            return
        sitting = controls.sitting()
        if sitting is None or trace.config.aggregator not in GATED or AGGREGATORS[trace.config.aggregator].mixes:
            st.info("This asks a trained model whose gates weigh single memories: SSC, or GRM read with a router.")
            st.button("Take mqar-ssc", icon=":material/arrow_forward:", on_click=screen.another_run, args=("mqar-ssc",))
            return
        head = stepping.place(trace)[1]
        asked = runs.oracle(sitting, screen.get("top_k"), head)
        questions = [one.t for one in asked.choices]
        at = screen.get("question") if screen.get("question") in questions else hardest(asked.choices)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if trace.H > 1:
                screen.put(head=head)
                st.selectbox("Head", range(trace.H), key=screen.key("head"), width=110)
            if not AGGREGATORS[trace.config.aggregator].routes:
                field.number("Checkpoints to select, k", "top_k", width=200)
            screen.put(question=at)
            st.selectbox(
                "Question",
                questions,
                format_func=lambda t: named(asked.trace.tokens, t),
                key=screen.key("question"),
                width=260,
            )
            if st.button("Step through it", icon=":material/visibility:"):
                screen.put(step=screen.get("question"))
                screen.go("Explore")
        choice = next(one for one in asked.choices if one.t == screen.get("question"))
        if not any(one.regret for one in asked.choices):
            st.info("No question of this sequence has a regret: no other selection would have been better.")
        stepping.drawn(f"Loss: {asked.chooser}, best and random", "regrets", asked, choice.t)
        st.caption(
            "A line for each question, from the best selection of checkpoints to the worst. No bits: the answer is "
            "certain; each bit halves its probability."
        )
        st.markdown(plain(words.judged(asked, choice)))
        stepping.drawn("Losses of every selection, one question", "selections", asked, choice)
        st.caption(
            "Only what the last layer reads is changed; what is written, and all before it, stays. The random "
            "selection is the mean over all selections of that size, not a draw."
        )


def hardest(choices: tuple[Choice, ...]) -> int:
    """The question where the router lost most."""
    return max(choices, key=lambda one: one.regret).t


def named(tokens: tuple[str, ...], t: int) -> str:
    """A question in the list."""
    return f"token {t}: {tokens[t]}" if tokens else f"token {t}"
