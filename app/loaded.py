"""All that pages need, loaded once: where several threads load a library together, one of them sees half of it.

Who imports this waits until it is done, so sessions do before they import a page, and `mcviz explore` before it serves.
It must not need a server, and so must not reach the stepper, which registers itself with one.
"""

import gc
from importlib import import_module

from mcviz import link, watch

LIBRARIES = (
    *("pandas", "pyarrow", "pyarrow.compute", "pyarrow.pandas_compat", "pyarrow.vendored.version"),
    *("plotly.graph_objects", "plotly.subplots", "plotly.tools"),
    *("scipy.special", "streamlit.emojis", "streamlit.material_icon_names", "streamlit.elements.lib.image_utils"),
)

for name in (*LIBRARIES, *(("mcviz.pytorch", "mcviz.bench") if watch.available("pytorch") else ())):
    import_module(name)
link.fields()  # reads the models, which are kept
import_module("plotly.graph_objects").Figure()  # reads what figures may hold
# Garbage is looked for among what came since, not in all the libraries.
gc.collect()
gc.freeze()
