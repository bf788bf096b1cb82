"""The stepper: one view of a run, the same in Streamlit, in Jupyter and in a single HTML file.

    Trace -> payload.pack -> bytes -> stepper.js draws

`stepper.js` and `stepper.css` are the whole front end; they draw what a payload holds and compute nothing but
positions and colours. The hosts hand them the payload: `mcviz.stepper.streamlit`, `mcviz.widgets`,
`mcviz.stepper.html`.
"""

from mcviz.stepper.html import page
from mcviz.stepper.payload import pack

__all__ = ["pack", "page"]
