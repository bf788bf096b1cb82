"""The places where the stepper lives, opened in a browser: for tests, and for `latency.py`."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import conftest
from tests.conftest import PATIENCE, ROOT

PAGE = Path(__file__).parent / "streamlit_page.py"
PAUSE = 50
"""Milliseconds until `until` looks again: a look at each frame takes the time that the page needs."""

_RUN_ALL = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  await app.commands.execute("apputils:change-theme", {theme: "JupyterLab Light"});
  for (const shut of [...app.shell.widgets("main")]) shut.dispose();
  const panel = await app.commands.execute("docmanager:open", {path: "notebook.ipynb"});
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  await app.commands.execute("notebook:run-all-cells");
}"""

_SETUP = """import sys
sys.path.insert(0, {root!r})
import ipywidgets
from mcviz import MCConfig, Trace
from mcviz.widgets import Stepper
from tests.stepper.examples import library, noise
"""


AT_ONCE = """(node, [key, button]) => {
  node.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, composed: true}));
  button.click();
}"""
"""Press a key in an element and then a button, before anybody comes to rest."""


def shown(page, step: int | None = None, **place: int):
    """The stepper in a page, once it shows `step`, and `head` and `segment` if they are given (or anything)."""
    place |= {} if step is None else {"step": step}
    names = "".join(f"[data-{name}='{number}']" for name, number in place.items())
    page.wait_for_selector(f".mcviz{names or '[data-step]'}", timeout=PATIENCE)
    return page.locator(".mcviz").first


def expect(what):
    """Playwright's `expect`, which waits until it holds. Not everybody has Playwright."""
    from playwright import sync_api

    return sync_api.expect(what)


def drawn(page) -> None:
    """Wait for the next frame: what was done until now is on the page by then."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")


def complaints(page) -> list[str]:
    """What goes wrong in the scripts of a page from now on, one after the other.

    JupyterLab's own frame now and then loses a node of its own when a tab is closed: that is nobody's but its own.
    """
    found: list[str] = []

    def heard(error) -> None:
        addresses = re.findall("https?://[^/]*(/.*)", error.stack or "")
        its_own = addresses and all(address.startswith("/static/lab/") for address in addresses)
        if not (its_own and "removeChild" in str(error)):
            found.append(str(error))

    page.on("pageerror", heard)
    return found


def until(page, holds: Callable[[], bool], what: object = "") -> None:
    """Wait until `holds()`; if it never does, fail and name `what`. For what no locator can say."""
    give_up = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < give_up, what
        page.wait_for_timeout(PAUSE)


@contextmanager
def jupyter(folder: Path) -> Iterator[Callable[..., None]]:
    """A JupyterLab of its own; yields `run(page, *cells)`, which opens a fresh notebook and runs it.

    A page that shows this JupyterLab goes on with it: to load it takes most of what a short notebook does.
    """
    port = conftest.free_port()
    home = f"http://127.0.0.1:{port}"
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    private = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    log = (folder / "log.txt").open("w")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="),
            f"--ServerApp.root_dir={notebooks}",
            *("--LabApp.expose_app_in_browser=True", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
        ],
        env=os.environ | {name: str(folder / place) for name, place in private.items()},
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
    )

    def run(page, *cells: str) -> None:
        write_notebook(notebooks / "notebook.ipynb", [_SETUP.format(root=str(ROOT)), *cells])
        page.set_default_timeout(PATIENCE)
        if not page.url.startswith(home):
            page.goto(f"{home}/lab?reset")
            page.wait_for_function("window.jupyterapp")
        page.evaluate(_RUN_ALL)

    try:
        conftest.await_health(server, home, folder / "log.txt", at="/api")
        yield run
    finally:
        conftest.stop(server)
        log.close()


def write_notebook(path: Path, cells: list[str]) -> None:
    """A notebook without outputs."""
    empty = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    body = {
        "cells": [{**empty, "id": f"cell-{i}", "source": source} for i, source in enumerate(cells)],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(body))


@contextmanager
def streamlit(folder: Path) -> Iterator[str]:
    """The page of `streamlit_page.py`, served; yields its address."""
    log = folder / "streamlit.txt"
    server, url = conftest.start(PAGE, log)
    try:
        conftest.await_health(server, url, log)
        yield url
    finally:
        conftest.stop(server)


def saved(page, path: Path, kind: str) -> tuple[str, bytes]:
    """The name of the file that the button gives, and what it holds."""
    with page.expect_download() as file:
        page.get_by_label(f"Save this view as {kind}").click()
    file.value.save_as(path)
    return file.value.suggested_filename, path.read_bytes()
