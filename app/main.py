"""Where Streamlit starts: `mcviz explore`, or `streamlit run app/main.py`."""

from pathlib import Path

import streamlit as st

from app import screen
from app.views import explore

st.set_page_config(page_title="mcviz", page_icon=Path(__file__).with_name("icon.svg"), layout="wide")
PAGES = [
    st.Page(explore.page, title="Explore", icon=":material/visibility:", url_path="explore", default=True),
]
chosen = st.navigation(PAGES, position="top")
screen.begin()
chosen.run()
screen.end()
