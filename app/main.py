"""Where Streamlit starts: the pages, for each reader who opens one and for each change; `app/serve.py` serves them."""

import sys
from datetime import timedelta
from pathlib import Path

import streamlit as st

if sys.path[0] != (ROOT := str(Path(__file__).parents[1])):
    sys.path.insert(0, ROOT)  # the pages import each other as `app`, whatever else has that name

from app import loaded  # noqa: F401  (before any page)

# isort: split
import mcviz
from app import screen, shell, tour
from app.views import (
    claims,
    compare,
    cost,
    explore,
    glossary,
    interference,
    library,
    oracle,
    own,
    surgery,
    train,
    write,
)

ICON = Path(mcviz.__file__).parent / "site" / "front" / "icon.svg"
st.set_page_config(page_title="mcviz", page_icon=ICON, layout="wide")
SECTIONS = {
    "": [
        st.Page(explore.page, title="Explore", icon=":material/visibility:", url_path="home", default=True),
        st.Page(compare.page, title="Compare", icon=":material/compare:", url_path="compare"),
        st.Page(surgery.page, title="Surgery", icon=":material/healing:", url_path="surgery"),
        st.Page(interference.page, title="Interference", icon=":material/grid_on:", url_path="interference"),
        st.Page(oracle.page, title="Oracle", icon=":material/psychology:", url_path="oracle"),
        st.Page(cost.page, title="Cost", icon=":material/payments:", url_path="cost"),
        st.Page(claims.page, title="Claims", icon=":material/balance:", url_path="claims"),
        st.Page(glossary.page, title="Words", icon=":material/menu_book:", url_path="words"),
    ],
    "Yours": [
        st.Page(train.page, title="Train: a new model", icon=":material/model_training:", url_path="train"),
        st.Page(
            library.page, title="Library: ask a trained model", icon=":material/local_library:", url_path="library"
        ),
        st.Page(write.page, title="Write: a trained model goes on", icon=":material/stylus_note:", url_path="write"),
        st.Page(own.page, title="Your own: any text, untrained", icon=":material/edit_note:", url_path="own"),
    ],
}
# The first page is at `/`; the addresses of the others suggest that it has one like theirs.
NAMED = st.Page(explore.page, title="Explore", url_path="explore", visibility="hidden")


@st.fragment(run_every=timedelta(days=1))
def back() -> None:
    """Nothing. But where something runs by the clock, a browser whose server was away asks for the page again."""


chosen = st.navigation({**SECTIONS, "": [*SECTIONS[""], NAMED]}, position="top")
screen.begin([page for pages in SECTIONS.values() for page in pages], tour.whole)
shell.draw()
chosen.run()
back()
screen.end()
