"""The places where the stepper lives, opened in a browser: for tests, and for `latency.py`."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).parent / "streamlit_page.py"
PATIENCE = 60_000
"""Milliseconds until a page that does not show up is given up."""

_RUN_ALL = """async () => {
  const app = window.jupyterapp;
  await app.restored;
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


def shown(page, step: int | None = None):
    """The stepper in a page, once it shows `step` (or anything)."""
    page.wait_for_selector(".mcviz[data-step]" if step is None else f".mcviz[data-step='{step}']", timeout=PATIENCE)
    return page.locator(".mcviz").first


@contextmanager
def jupyter(folder: Path) -> Iterator[Callable[..., None]]:
    """A JupyterLab of its own; yields `run(page, *cells)`, which opens a fresh notebook and runs it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    private = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    log = (folder / "log.txt").open("w")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            *(f"--ServerApp.port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={notebooks}"),
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
        page.goto(f"http://127.0.0.1:{port}/lab?reset")
        page.wait_for_function("window.jupyterapp")
        page.evaluate(_RUN_ALL)

    try:
        await_answer(server, f"http://127.0.0.1:{port}/api", folder / "log.txt")
        yield run
    finally:
        server.terminate()
        server.wait(timeout=20)
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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (folder / "streamlit.txt").open("w")
    options = {"server.port": port, "server.address": "127.0.0.1", "server.headless": "true"}
    options |= {"server.fileWatcherType": "none", "browser.gatherUsageStats": "false"}
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(PAGE), *(f"--{k}={v}" for k, v in options.items())],
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
    )
    try:
        await_answer(server, f"http://127.0.0.1:{port}/_stcore/health", folder / "streamlit.txt")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


def await_answer(server: subprocess.Popen, url: str, log: Path) -> None:
    """Wait until `url` answers; raise with the log if the server stops or takes too long."""
    give_up = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < give_up and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no answer at {url}:\n{log.read_text()}")
