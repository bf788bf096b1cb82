"""A small site with the explorer in it, served from this machine."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("platformdirs", reason="platformdirs says where Python for the browser is kept: the extra 'site'")

from mcviz.site import api, build, runtime
from tests.stepper.hosts import expect

RUNS = ("topics-grm", "needle")
"""Stored pictures of these: each takes a while to make."""


class Quiet(SimpleHTTPRequestHandler):
    """A server that says nothing."""

    def log_message(self, format, *args):
        pass


def serve(folder: Path) -> ThreadingHTTPServer:
    """A server of this folder, on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="session")
def python_kept() -> Path:
    """Where the files of Python for the browser lie, checked."""
    kept = runtime.cache()
    try:
        runtime.check(kept)
    except ValueError as error:
        pytest.skip(f"no Python for the browser, which `mcviz site` fetches: {error}")
    return kept


@pytest.fixture(scope="session")
def site(python_kept, tmp_path_factory) -> Path:
    """The folder with the site."""
    out = tmp_path_factory.mktemp("site")
    build.front(out)
    build.explorer(out, python_kept, RUNS)
    for name, text in api.files(["mcviz.segments", "mcviz.backends"]).items():
        build.put(out / name, text)
    return out


class Visit:
    """A page, the server that it comes from, and all that went wrong. What the site keeps in the browser is off, unless
    `service_workers` says "allow"."""

    def __init__(self, browser, folder, address="play/", prepare=lambda page: None, expected=(), **options):
        self.server = serve(folder)
        self.home = f"http://127.0.0.1:{self.server.server_port}/"
        self.expected = expected
        self.complaints: list[str] = []
        self.context = browser.new_context(
            **{"viewport": {"width": 1366, "height": 768}, "service_workers": "block", **options}
        )
        self.context.on("request", self.requested)
        self.context.on("requestfailed", lambda request: self.complain(f"{request.failure}: {request.url}"))
        self.page = self.context.new_page()
        self.page.on("console", lambda said: said.type == "error" and self.complain(said.text))
        self.page.on("pageerror", lambda error: self.complain(str(error)))
        prepare(self.page)
        self.page.goto(self.home + address)

    def requested(self, request):
        if not request.url.startswith((self.home, "blob:", "data:")):
            self.complaints.append(request.url)

    def complain(self, text):
        if not any(each in text for each in self.expected):
            self.complaints.append(text)

    def stop_serving(self):
        self.server.shutdown()
        self.server.server_close()

    def close(self):
        self.context.close()
        self.stop_serving()
        assert not self.complaints


@pytest.fixture
def opened(chromium, site) -> Iterator:
    """`opened(address, …)` opens a page; afterwards nothing may have left the host or complained in the console."""
    visits = []

    def visit(*address, **options):
        visits.append(Visit(chromium, site, *address, **options))
        return visits[-1].page

    yield visit
    for each in visits:
        each.close()


@pytest.fixture(scope="module")
def playing(chromium, site) -> Iterator:
    """The explorer on the needle, live; the server is gone by then. Each test leaves it somewhere else."""
    visit = Visit(chromium, site, "play/?v=1&run=needle&aggregator=ssc&segment_length=12&seed=3&step=40")
    live(visit.page)
    expect(visit.page.locator("#stepper")).to_have_attribute("data-step", "40")
    expect(visit.page.locator("#title")).to_have_text("needle, untrained")
    visit.stop_serving()
    yield visit.page
    visit.close()


def live(page):
    """The page, once Python has answered."""
    page.wait_for_selector("#status:text-matches('^Live')")
    return page


def python(page, code):
    """What this Python gives in the page's worker."""
    return page.workers[0].evaluate("code => python.runPython(code)", code)
