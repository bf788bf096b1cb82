"""The stepper: one view of a run, the same in Streamlit, in Jupyter and in a single HTML file.

    Trace -> payload.pack -> bytes -> front/ draws

`front/` is the whole front end, as ES modules and stylesheets that `assets` joins; it draws what a payload holds and
computes nothing but positions and colours. `front/main.js` says what is where in it, and `front/parts.js` what a part
of the view is. The hosts hand it the payload: `mcviz.stepper.streamlit`, `mcviz.widgets`, `mcviz.stepper.html`.
"""

from mcviz.stepper.film import film_page, pack_film
from mcviz.stepper.html import page
from mcviz.stepper.payload import pack

__all__ = ["film_page", "pack", "pack_film", "page"]
