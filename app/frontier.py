"""The frontier: recall against what it takes, as a picture whose marks open, and in sentences."""

from functools import partial

import streamlit as st

from app import runs, screen, stepping
from app.sheet import sheet
from app.words import plain
from mcviz import claims, figures, link, watch, words
from mcviz.claims import Finding, Point
from mcviz.rules import AGGREGATORS
from mcviz.tradeoff import game


@st.fragment
def draw(board: list[Finding]) -> None:
    """Every point that was run, with as many pairs and against what the reader asks for; and what they say."""
    found = runs.points()
    if not found:
        return
    recalls = {one.claim.name: one.intervals for one in board}
    answer = words.frontier_answer({one.claim.name: one.verdict for one in board})
    st.markdown(f"**Is it the caching, or only more memory?** {plain(answer)}")
    sheet(words.frontier_beside(recalls, {one.claim.name: one.steps[-1].interval for one in board if one.steps}))
    picture, told = st.columns([5, 3], gap="medium")
    with picture:
        chosen, factor = draw_points(found)
    with told:
        said = words.frontier_in_words(recalls)
        said += words.seeds_in_words({one.claim.name: one.values for one in board})
        st.markdown("\n".join(f"- {plain(one)}" for one in said))
    if chosen is not None:
        with st.container(border=True):
            tell(chosen, factor)
    st.caption(
        "A mark is a setting, trained anew for each seed on 24 pairs; its bar is the interval of the mean over seeds. "
        "Of two or three seeds that is at most as wide as they lie apart, and covers the mean less often than 95 times "
        "in 100; one seed has no bar. Numbers take four bytes. Sparse attention reads a window of the latest tokens, "
        "or each last of a stride: of 2, that is one token of each pair, and its convolution has seen both. The sizes, "
        "the weights and the command that trains it stand under the pointer."
    )


def draw_points(found: list[Point]) -> tuple[Point | None, int]:
    """The picture, and what is chosen about it: a point, if one is, and how many times the pairs of training."""
    with st.container(horizontal=True):
        asked = st.segmented_control(
            "Asked for",
            link.fields()["asked"].choices,
            format_func=lambda times: claims.ASKED[int(times)],
            key=screen.key("asked"),
            on_change=screen.end,
            required=True,
        )
        axis = st.segmented_control(
            "Against",
            figures.AXES,
            format_func=lambda name: figures.AXES[name][0],
            key=screen.key("axis"),
            on_change=screen.end,
            required=True,
        )
    factor, names = int(str(asked)), {point.name: point for point in found}
    chosen = names.get(screen.get("point"))
    if chosen is None:
        screen.put(point="")
    name = chosen.name if chosen else ""
    # another mark, another figure: in one that is new nothing is clicked yet, so that every click is news
    key = f"frontier:{name}"
    given = (found, str(axis), factor, name)
    stepping.drawn(f"Recall of {claims.ASKED[factor]}", "against", *given, key=key, on_click=partial(take, key))
    st.selectbox(
        "A mark to open: click it, or choose it here",
        ("", *names),
        format_func=lambda name: name or "none",
        key=screen.key("point"),
        on_change=screen.end,
    )
    return chosen, factor


def take(key: str) -> None:
    """The mark that was clicked in the figure is the one that is told."""
    marks = st.session_state[key].selection.points
    if marks and marks[0].get("customdata"):
        screen.put(point=marks[0]["customdata"][0])
        screen.end()


def turn(run: str) -> None:
    """Take another run; the mark stays open, which draws the button that leads there."""
    kept = {name: screen.get(name) for name in ("asked", "axis", "point")}
    screen.another_run(run)
    screen.put(**kept)


def tell(point: Point, factor: int) -> None:
    """A point in numbers; its own run, by a command, and the nearest one that ships, at once."""
    mean, low, high = point.recall[factor]
    spent, seeds = point.spent[factor], len(point.seeds)
    bounds = f", {low:.1%} to {high:.1%} over {seeds} seeds" if seeds > 1 else ", of one seed"
    told = (
        f"recalls {mean:.1%} of {claims.ASKED[factor]}{bounds}. Its last token keeps {spent.kept:,} bytes, reads "
        f"{spent.read:,} numbers and takes {spent.operations:,} operations; the model has {point.parameters:,} weights."
    )
    st.markdown(f"**{plain(point.name)}** {plain(told)}")
    near = runs.nearest(point)
    if near is not None and near.name in watch.names():
        apart = "; ".join(near.apart)
        label = f"Watch {near.name}"
        if st.button(label, icon=":material/visibility:", on_click=turn, args=(near.name,)):
            screen.go("Explore")
        st.caption(plain(f"The nearest model that ships, and not this very one: it has {apart}."))
    film = point.settings["aggregator"] in AGGREGATORS
    name = game.word(point)
    train = f"{point.command} --name {name}"
    lines = [f"{train} --film {name}.film", f"mcviz export {name}.film"] if film else [train]
    st.caption(
        "This very run: the first line trains it and films it, the second makes one page of the film to step through."
        if film
        else "This very run: the line trains it. It keeps keys and values, or sums, and no memories to step through."
    )
    st.code("\n".join(lines), language="sh", wrap_lines=True)
