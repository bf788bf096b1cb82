"""Play: the explorer as one page. A picture is stored for every run, and the rest is computed in the browser."""

import hashlib
import html
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from mcviz import link, uploads
from mcviz.site import frame, player
from mcviz.stepper import assets

FIRST_BUDGET = 250_000
"""Bytes that the states of a stored picture may take: it is there within a second."""
POLICY: Mapping[str, str] = {
    **frame.POLICY,
    # Pyodide compiles WebAssembly; its worker is a blob, so that this policy is the worker's too
    "script-src": "'self' 'wasm-unsafe-eval'",
    "worker-src": "'self' blob:",
    "manifest-src": "'self'",
}
SCRIPTS = "play/scripts/"
"""Where a folder lies that is named by what its files say: a page never meets the scripts of another build."""
MAIN = "play/main.js"
MODULES = (
    "stepper.js",
    "dom.js",
    "fetched.js",
    *(f"play/{name}.js" for name in ("controls", "python", "stored")),
)
"""What the page's script imports: named, so that a slow network is asked for all of it at once."""
WORKER = ("play/worker.js", "play/archive.js")
STYLES = ("stepper.css", "play/play.css")
MANIFEST = "manifest.json"
KEEPER = "kept.js"
"""The service worker, which keeps all of the page in the browser."""

_BODY = """
<details id="settings">
<summary>Settings</summary>
<form id="controls"></form>
<p class="brought"><label for="brought">A saved run (.npz) of your own</label>
<input id="brought" type="file" accept=".npz" disabled></p>
</details>
<section aria-label="The run">
<h1 id="title">The explorer</h1>
<p id="untrained" hidden></p>
<div class="state"><p id="status" role="status">The stored picture is on its way.</p>
<progress id="progress" max="1" value="0" aria-label="Python on its way" hidden></progress>
<button id="retry" hidden>Try again</button></div>
<p id="problems" role="alert" hidden></p>
<p id="refused" role="alert" hidden></p>
<p id="diverged" role="alert" hidden></p>
<p id="remark" hidden></p>
<div id="stepper" class="mcviz"><noscript>This page draws with JavaScript, which is switched off.</noscript></div>
<p id="about" hidden></p>
</section>
<script id="site" type="application/json">{told}</script>
"""


def page(parts: Mapping[str, Any], names: Sequence[str]) -> str:
    """The page, with stored pictures of the runs `names`. `parts`: what there is of Python, and how many bytes come."""
    told = {"runs": names, "first": first(), "parts": parts, "megabytes": uploads.MEGABYTES, "longest": link.LONGEST}
    here = place()
    return frame.page(
        "Play",
        _BODY.format(told=html.escape(json.dumps(told), quote=False)),
        "play/",
        about="Step through what a recurrent network with cached memories computed, in any browser.",
        kind="play",
        styles=[here + name for name in STYLES],
        scripts=[here + MAIN],
        links={**dict.fromkeys((here + name for name in MODULES), "modulepreload"), MANIFEST: "manifest"},
        policy=POLICY,
    )


def keeper(parts: Mapping[str, Any], pages: Sequence[str]) -> str:
    """The service worker, and before it what it keeps: `pages`, which are files of the site, and Python."""
    packed = [parts["place"] + name for name in parts["packed"]]
    straight = [parts["place"] + name for name in parts["straight"]]
    lists = {"pages": list(pages), "python": [*straight, *packed], "packed": packed}
    return f"Object.assign(globalThis, {json.dumps(lists)});\n" + (frame.FRONT / KEEPER).read_text(encoding="utf-8")


def runs() -> list[str]:
    """The runs that there is a stored picture of."""
    return list(link.fields()["run"].choices)


def first() -> str:
    """The run that the page opens with, where the address asks for none."""
    return str(link.fields()["run"].default)


def pictures(names: Sequence[str]) -> dict[str, bytes]:
    """The stored pictures, by their file's name: of each run, what the page shows beside it, and the payload."""
    found = {}
    for name in names:
        screen = link.defaults(name)
        about, payload = player.picture(screen, player.run(screen), budget=FIRST_BUDGET)
        said = {**player.state(screen, []), **about, "offers": player.offers(screen)}
        found[f"{name}.json"] = json.dumps(said).encode()
        found[f"{name}.z"] = zlib.compress(payload, 9)
    return found


def own() -> dict[str, str]:
    """The scripts and styles of this page alone, by the names that they have for each other."""
    made = scripts()
    names = (MAIN, *MODULES, *WORKER, *STYLES)
    return {name: made.get(name) or (frame.FRONT / name).read_text(encoding="utf-8") for name in names}


def place() -> str:
    """The folder that they lie in."""
    return f"{SCRIPTS}{hashlib.sha256(json.dumps(own()).encode()).hexdigest()[:12]}/"


def scripts() -> dict[str, str]:
    """The stepper as one module, and its style."""
    return {"stepper.js": assets.script(), "stepper.css": assets.style()}
