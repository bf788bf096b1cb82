"""The stepper as one HTML file: nothing to install, nothing to fetch, nothing that may run but our own script."""

import base64
import hashlib
import html
import json
import zlib
from collections.abc import Mapping, Sequence

from mcviz.checks import plain
from mcviz.stepper import assets
from mcviz.stepper.payload import BUDGET, pack
from mcviz.trace import Trace

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{notes}
<main id="stepper" class="mcviz"><noscript>This page draws with JavaScript, which is switched off.</noscript></main>
<script id="payload" type="application/octet-stream">{payload}</script>
<script id="first" type="application/json">{first}</script>
<script type="module">{script}</script>
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 12px clamp(8px, 2vw, 24px); background: Canvas; color: CanvasText; }
@media print { :root { color-scheme: light; } }
h1 { font: 600 16px/1.4 system-ui, sans-serif; margin: 0 0 8px; overflow-wrap: anywhere; }
body > p { font: 14px/1.5 system-ui, sans-serif; margin: 0 0 8px; max-width: 50em; }
"""

_START = """
const [text, first] = ["payload", "first"].map((name) => document.getElementById(name).textContent);
await openPage(document.getElementById("stepper"), text, JSON.parse(first));
"""


def page(
    trace: Trace,
    other: Trace | None = None,
    *,
    step: int = 0,
    head: int = 0,
    segment: int = -1,
    hide_answers: bool = False,
    notes: Sequence[tuple[str, str]] = (),
    budget: int = BUDGET,
) -> str:
    """A self-contained page with the stepper on `trace`, or on two runs in step.

    It opens at `step`, `head` and `segment`. With `hide_answers`, each answer is shown when the reader asks for it;
    they are in the file all the same. `notes` are titles and paragraphs that stand above it.

    Its Content-Security-Policy lets exactly this script and this style run, and nothing be fetched. Raises
    `ValueError` as `mcviz.stepper.pack` does.
    """
    place = {"step": step, "head": head, "segment": segment, "veiled": bool(hide_answers)}
    return document(pack(trace, other, budget=budget), trace.title, place, notes)


def document(payload: bytes, title: str, place: Mapping[str, int | bool], notes: Sequence[tuple[str, str]] = ()) -> str:
    """A self-contained page with the stepper on a payload; `place` says where it opens."""
    script, style = assets.script() + _START, _STYLE + assets.style()
    policy = (
        f"default-src 'none'; script-src '{_fingerprint(script)}'; style-src '{_fingerprint(style)}'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    data = zlib.compress(payload, 1)
    return _PAGE.format(
        policy=html.escape(policy),
        title=html.escape(title or "Memory Caching, step by step"),
        notes="\n".join(f"<p><b>{html.escape(name)}.</b> {html.escape(says)}</p>" for name, says in notes),
        style=style,
        script=script,
        payload=base64.b64encode(data).decode(),
        first=json.dumps({name: plain(value) for name, value in place.items()}),
    )


def _fingerprint(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
