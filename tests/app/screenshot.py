"""Take the picture of the README again: `python -m tests.app.screenshot`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM_ARGUMENTS, await_health, find_chromium, stop

PICTURE = Path(__file__).parents[2] / "docs" / "explorer.png"
PORT = 8579
SIZE = {"width": 1440, "height": 1060}
MOST_BYTES = 500_000


def take(picture: Path) -> None:
    """The stepper, where a link opens it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        log = Path(folder) / "log.txt"
        with log.open("w") as output:
            words = [sys.executable, "-m", "mcviz", "explore", "--no-browser", "--port", str(PORT)]
            server = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT)
        try:
            url = f"http://localhost:{PORT}"
            await_health(server, url, log)
            browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
            page = browser.new_page(viewport=SIZE, color_scheme="light")
            page.goto(f"{url}/?v=1")  # a link: no question first
            page.wait_for_selector(".mcviz[data-step]", timeout=300_000)
            page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=300_000)
            page.wait_for_timeout(1000)
            picture.parent.mkdir(exist_ok=True)
            page.screenshot(path=picture)
            browser.close()
        finally:
            stop(server)


if __name__ == "__main__":
    take(PICTURE)
    size = PICTURE.stat().st_size
    sys.exit(f"{PICTURE}: {size:,} bytes, more than {MOST_BYTES:,}" if size > MOST_BYTES else 0)
