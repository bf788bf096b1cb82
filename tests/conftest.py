"""What all tests share: the same examples, one thread each, and a browser with the app in it."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import wraps
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import config as jaxtyping_config
from jaxtyping import install_import_hook

from tests.absent import environment

# Tests start hundreds of processes: what one of them compiled, the next ones load, wherever the tests run.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Tests run side by side, one process per core. Read when NumPy and PyTorch load, so before the rest.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
# Likewise: without a graphics card, Triton's interpreter runs its kernels.
if shutil.which("nvidia-smi") is None:
    os.environ.setdefault("TRITON_INTERPRET", "1")

# Versions of jsonschema later than that of `constraints.txt` build grammars of addresses: 4 seconds for each process.
GRAMMARS = "rfc3987_syntax"
sys.modules.setdefault(GRAMMARS, None)

# The same examples for everybody and every time; `make fuzz` draws new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("fuzz", derandomize=False, deadline=None, database=None)
settings.load_profile("same")
# Constants of the modules that are loaded are drawn too, and which are depends on the tests that ran before.
import_module("hypothesis.internal.conjecture.providers").is_local_module_file = lambda file: False

ROOT = Path(__file__).parents[1]
APP = ROOT / "app" / "serve.py"
PATIENCE = 180_000
"""Milliseconds until what does not come is given up: a slow machine is no failure."""
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first that is found: the shell is the same browser without the windows that nobody sees, for half of the work."""
SHARED = ("made", "site", "lab", "streamlit_server", "chromium")
"""Fixtures that take long to set up, by how long: trainings, sites and servers."""
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",  # words are as wide as on a screen
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shapes", action="store_true", help="check annotated shapes and types in each call of mcviz")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--shapes"):
        install_import_hook("mcviz", "beartype.beartype")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser may lose a click on a busy machine: what fails there is tried once more, and the summary counts it.

    Tests that share what takes long come first and stand together: of processes side by side, one makes it, and none
    has it left when the others are done.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: [name not in getattr(item, "fixturenames", ()) for name in SHARED])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Say of a test that failed what stood in its browser's pages."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("chromium")
    if report.when == "call" and report.failed and browser:
        pages = [page for context in browser.contexts for page in context.pages]
        report.sections += [(f"page {page.url}", written(page)) for page in pages]
    return report


def written(page) -> str:
    """The beginning of what one reads in a page, or why it can't be read."""
    try:
        return page.inner_text("body", timeout=5000)[:2000]
    except Exception as error:  # whatever it is, the test's own failure is the news
        return f"unreadable: {error}"


@pytest.fixture(scope="session", autouse=True)
def own_ipython(tmp_path_factory) -> Iterator[None]:
    """Kernels of processes side by side share no history, and they start as quickly as tests do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.setenv("PYTHONPATH", environment(tmp_path_factory.mktemp("absent"), GRAMMARS)["PYTHONPATH"])
        yield


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Calls without the checks of `--shapes`: what users get who pass the wrong thing."""
    jaxtyping_config.update("jaxtyping_disable", True)
    yield
    jaxtyping_config.update("jaxtyping_disable", False)


def find_chromium() -> str | None:
    """The browser that MCVIZ_CHROMIUM names, or the system's."""
    return os.environ.get("MCVIZ_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """A Playwright `Browser`: the system's Chromium, or the one that MCVIZ_CHROMIUM names. Its pages are patient."""
    playwright = pytest.importorskip("playwright.sync_api")
    found = find_chromium()
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(CHROMIUM)} is on PATH, and MCVIZ_CHROMIUM is not set")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS, timeout=PATIENCE)
        browser.new_context, browser.new_page = map(patient, (browser.new_context, browser.new_page))
        playwright.expect.set_options(timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def windows(chromium) -> Iterator[list]:
    """Pages that no test is using, each of a context of its own."""
    pages: list = []
    yield pages
    for page in pages:
        page.context.close()


@pytest.fixture
def window(chromium, windows) -> Iterator[Callable]:
    """`window(width=…, scheme=…, offline=True)` gives a blank page; in the end, nothing may have gone wrong in it.

    It is one that tests use one after the other: what it has loaded before, it loads in a fraction of the time. With
    `fresh`, or with options of a context, it is new: browsers keep a history of 50 pages.
    """
    problems, used = [], []
    at_home = ("http://127.0.0.1", "ws://127.0.0.1", "file:", "data:", "blob:")
    listening = {
        "console": lambda message: message.type == "error" and problems.append(message.text),
        "pageerror": lambda error: problems.append(str(error)),
        "request": lambda request: request.url.startswith(at_home) or problems.append(request.url),
    }

    def blank(width=1440, height=900, scheme="light", offline=False, fresh=False, **options):
        new = fresh or options or not windows
        page = chromium.new_context(**options).new_page() if new else windows.pop()
        used.append((page, not (fresh or options)))
        for event, listener in listening.items():
            page.on(event, listener)
        page.context.set_offline(offline)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(media="screen", color_scheme=scheme)
        return page

    yield blank
    for page, stays in used:
        if not stays:
            page.context.close()
            continue
        for event, listener in listening.items():
            page.remove_listener(event, listener)
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
        page.mouse.move(0, 0)
        page.goto("about:blank")
        windows.append(page)
    assert not problems


def patient(make: Callable) -> Callable:
    """`make`, a way to a context or a page, where all waits last until PATIENCE is over."""

    @wraps(make)
    def made(*args, **options):
        new = make(*args, **options)
        new.set_default_timeout(PATIENCE)
        return new

    return made


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[Callable[..., None]]:
    """`lab(page, *cells)` runs a notebook in a page, in the JupyterLab of the session."""
    pytest.importorskip("jupyterlab")
    from tests.stepper.hosts import jupyter

    with jupyter(tmp_path_factory.mktemp("jupyter")) as run:
        yield run


@pytest.fixture(scope="session")
def lab_page(chromium) -> Iterator:
    """One page for all notebooks: it has loaded JupyterLab before."""
    page = chromium.new_page()
    yield page
    page.close()


@pytest.fixture(scope="session")
def streamlit_server(tmp_path_factory) -> Iterator[Callable[..., str]]:
    """`streamlit_server(script=APP)` serves a Streamlit script until the session ends, and gives its URL."""
    pytest.importorskip("streamlit")
    running: dict[Path, tuple[subprocess.Popen, str]] = {}

    def serve(script: Path = APP) -> str:
        if script not in running:
            log = tmp_path_factory.mktemp("streamlit") / "log.txt"
            running[script] = start(script, log)
            await_health(*running[script], log)
        return running[script][1]

    yield serve
    stop(*(process for process, _ in running.values()))


def stop(*servers: subprocess.Popen) -> None:
    """Ask servers to stop, and wait until they have; end those that take too long."""
    for server in servers:
        server.terminate()
    for server in servers:
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def free_port() -> int:
    """A port of this machine that nothing listens at, and that systems give to nobody who does not ask for it."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def start(
    script: Path, log: Path, folder: Path = ROOT, port: int | None = None, base: str = ""
) -> tuple[subprocess.Popen, str]:
    """Start Streamlit in `folder`, on a port of this machine (a free one), below `base`. It prints to `log`."""
    port = port or free_port()
    options = {
        "server.baseUrlPath": base,
        "server.address": "127.0.0.1",
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    return process, f"http://127.0.0.1:{port}/{base}".rstrip("/")


def await_health(process: subprocess.Popen, url: str, log: Path, at: str = "/_stcore/health") -> None:
    """Wait until the server at `url` answers; fail with its log if it stops or takes too long."""
    give_up = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}{at}", timeout=30):
                return
        except OSError:
            time.sleep(0.1)
    process.kill()
    pytest.fail(f"nothing answered at {url}{at}:\n{log.read_text()}")
