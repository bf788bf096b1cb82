"""Words: every term of the pages, once."""

import streamlit as st

from app import stepping
from app.words import plain
from mcviz.rules.equation import latex
from mcviz.words import glossary


def page() -> None:
    """The page."""
    stepping.title("Words")
    wanted = st.text_input("Find", placeholder="gate, memory, SSC …", width=300).strip().casefold()
    found = [term for term in glossary.TERMS.values() if wanted in written(term).casefold()]
    if not found:
        st.info("No term says that.")
    with st.container(key="terms"):
        for term in found:
            symbol = f" ${latex(term.symbol)}$" if term.symbol else ""
            st.markdown(f"**{plain(term.name)}**{symbol}. {plain(term.says)}")
            if term.equation is not None:
                st.latex(term.equation.latex)


def written(term: glossary.Term) -> str:
    """All the words by which a term is found."""
    return " ".join((term.name, *term.also, term.says))
