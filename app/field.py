"""A field for a whole number. What is none, or leaves its bounds, is refused in words, and the number that was there
stays: Streamlit alone reads `1e6` as 1, and letters as the least number that there is."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from app import screen
from app.words import plain
from mcviz import link

TYPED, REFUSED = "typed:", "refused:"


def number(label: str, name: str, step: int = 1, then: Callable[[], None] | None = None, **options: Any) -> None:
    """The field of a choice that links carry; `then` follows where another number is chosen."""

    def take(text: str) -> None:
        screen.put(**{name: link.parse(name, text)})
        if then is not None:
            then()

    whole(label, name, screen.get(name), take, step=step, **options)


def whole(
    label: str,
    name: str,
    now: int,
    take: Callable[[str], None],
    **options: Any,
) -> None:
    """A field that holds `now`; what is typed goes to `take`, whose `ValueError` is shown below it, once."""
    key = TYPED + name
    st.session_state[key] = float(now)
    options["step"] = float(options.get("step", 1))
    heard = partial(typed, label, name, now, take)
    st.number_input(label, value=None, format="%.0f", key=key, on_change=heard, **options)
    if refused := st.session_state.pop(REFUSED + name, ""):
        st.warning(plain(refused), icon=":material/undo:")


def typed(label: str, name: str, now: int, take: Callable[[str], None]) -> None:
    """Take the number that was typed, or say why not."""
    number: float | None = st.session_state[TYPED + name]
    try:
        take("" if number is None else f"{number:.15g}")
    except ValueError as error:
        st.session_state[REFUSED + name] = f"{label}: {str(error).partition(': ')[2]}. It stays {now:,}."
