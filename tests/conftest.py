"""What all tests share: the same examples, one thread each, and a browser with the app in it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import config as jaxtyping_config
from jaxtyping import install_import_hook

# Tests run side by side, one process per core. Read when NumPy and PyTorch load, so before the rest.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
# Likewise: without a graphics card, Triton's interpreter runs its kernels.
if shutil.which("nvidia-smi") is None:
    os.environ.setdefault("TRITON_INTERPRET", "1")

# The same examples for everybody and every time; `make fuzz` draws new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("fuzz", derandomize=False, deadline=None, database=None)
settings.load_profile("same")
# Constants of the modules that are loaded are drawn too, and which are depends on the tests that ran before.
import_module("hypothesis.internal.conjecture.providers").is_local_module_file = lambda file: False

ROOT = Path(__file__).parents[1]
APP = ROOT / "app" / "main.py"
STARTUP_SECONDS = 60
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shapes", action="store_true", help="check annotated shapes and types in each call of mcviz")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--shapes"):
        install_import_hook("mcviz", "beartype.beartype")


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
    """A Playwright `Browser`: the system's Chromium, or the one that MCVIZ_CHROMIUM names."""
    playwright = pytest.importorskip("playwright.sync_api")
    found = find_chromium()
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(CHROMIUM)} is on PATH, and MCVIZ_CHROMIUM is not set")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


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
    for process, _ in running.values():
        process.terminate()
    for process, _ in running.values():
        process.wait(timeout=10)


def free_port() -> int:
    """A port of this machine that nothing listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(script: Path, log: Path, folder: Path = ROOT, port: int | None = None) -> tuple[subprocess.Popen, str]:
    """Start Streamlit in `folder`, on a port of this machine (a free one). What it prints goes to `log`."""
    port = port or free_port()
    options = {
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
    return process, f"http://127.0.0.1:{port}"


def await_health(process: subprocess.Popen, url: str, log: Path) -> None:
    """Wait until the server at `url` answers; fail with its log if it stops or takes too long."""
    give_up = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    process.kill()
    pytest.fail(f"Streamlit did not answer at {url}:\n{log.read_text()}")
