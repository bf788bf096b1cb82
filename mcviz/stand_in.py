"""A picture in a widget's place, for where the widget cannot live: in a notebook opened again, and on a page of it.

Jupyter keeps what a cell showed, but not the widget itself, and says "model not found" where one was. So a widget is
shown as two outputs, the picture and the widget after it, and the page hides one of them: the picture as soon as the
widget lives, and what is left of the widget until then.
"""

import base64
import re
import struct
import zlib
from typing import Any

import numpy as np
from IPython.display import display
from jaxtyping import UInt8

from mcviz.checks import of_kinds
from mcviz.palette import ANYWHERE
from mcviz.trace import Trace

MARGIN = 200
"""Tokens on each side of the present one that a still picture shows."""

STILL = """<style>
body:has(.{name}) :is(.{name}-picture, .jp-OutputArea-child:has(.{name}-picture)),
.jp-OutputArea-child:has(.{name}-picture) + .jp-OutputArea-child:not(:has(.{name})) {{ display: none }}
</style><div class='{name}-picture'>{picture}</div>"""
"""The name is a class of this widget alone, on the page only while it lives; `jp-…` is what Jupyter calls an output."""


def show(widget: Any, picture: str, said: str) -> None:
    """Display a widget of ipywidgets, and `picture` (HTML) where it does not live; `said` is the picture in words."""
    name = f"mcviz-{widget.model_id}"
    widget.add_class(name)
    html = STILL.format(name=name, picture=picture)
    display({"text/html": html, "text/plain": said}, raw=True)  # type: ignore[no-untyped-call]
    bundle = widget._repr_mimebundle_()
    view = bundle[0] if isinstance(bundle, tuple) else bundle
    display({**view, "text/plain": ""}, raw=True)  # type: ignore[no-untyped-call]


def picture_in(html: str) -> tuple[str, str] | None:
    """The widget's model and the picture that `show` put into an output's HTML; None for other HTML."""
    found = re.search(r"<div class='mcviz-(\w+)-picture'>(.*)</div>\Z", html, re.DOTALL)
    return (found[1], found[2]) if found else None


@of_kinds
def still(trace: Trace, step: int, head: int) -> str:
    """The gates of one head around a token as an image in HTML: a column for each token, a row for each segment."""
    begin, end = max(0, step - MARGIN), min(trace.T, step + MARGIN)
    gates = np.clip(np.nan_to_num(trace.weights[begin:end, head].T), 0, 1)
    violet = [int(ANYWHERE["gate"][i : i + 2], 16) for i in (1, 3, 5)]
    pixels = np.empty((*gates.shape, 4), np.uint8)
    pixels[..., :3] = violet
    pixels[..., 3] = np.where(trace.readable[begin:end].T, 20 + 235 * gates, 0)
    pixels[:, step - begin] = np.maximum(pixels[:, step - begin], [0, 0, 0, 90])
    # as many pixels as it takes on the page: one that does not trust the notebook drops the size it is given
    wide, tall = max(1, min(14, 720 // (end - begin))), max(2, min(14, 240 // trace.N))
    source = base64.b64encode(png(pixels.repeat(tall, axis=0).repeat(wide, axis=1))).decode()
    said = f"Gates of head {head}: a column for each token, {begin} to {end - 1}, a row for each segment. The stepper "
    said += f"stands at token {step}; it appears where the cell is run."
    return f'<figure><img alt="{said}" src="data:image/png;base64,{source}"><figcaption>{said}</figcaption></figure>'


def png(pixels: UInt8[np.ndarray, "rows columns 4"]) -> bytes:
    """Red, green, blue and opacity of each pixel as a PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows, columns, _ = pixels.shape
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
