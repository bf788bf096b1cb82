"""How long a reader waits after an edit: from the key to the picture of the run made again, in Streamlit.

python -m tests.stepper.editing_latency --edits 15
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests import conftest

PAGE = Path(__file__).with_name("editing_page.py")
WORDS = ("green", "red", "blue", "white", "black", "brown", "grey", "pink")
SHOWN = """(n) => {
  const roots = [...document.querySelectorAll("*")].map((node) => node.shadowRoot).filter(Boolean);
  const root = roots.map((one) => one.querySelector(".mcviz")).find(Boolean);
  return root && !root.ariaBusy && root.querySelector(".changes").textContent.startsWith(`${n} edit`);
}"""


def measured(url: str, edits: int) -> list[float]:
    """Seconds from Enter in the editor to the new picture, of each edit."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=conftest.find_chromium(), args=conftest.CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(url)
        page.wait_for_selector(".mcviz[data-step]", timeout=60_000)
        page.locator(".mcviz").first.focus()
        seconds = []
        for n in range(edits + 1):
            page.keyboard.press("w")
            page.wait_for_selector(".editor:not([hidden]) input:focus")
            page.keyboard.type(WORDS[n % len(WORDS)])
            begun = time.perf_counter()
            page.keyboard.press("Enter")
            page.wait_for_function(SHOWN, arg=n + 1, polling="raf", timeout=60_000)
            seconds.append(time.perf_counter() - begun)
            page.wait_for_timeout(400)  # the reader comes to rest
        browser.close()
    return seconds[1:]  # the first loads what the others use


def main() -> None:
    """Serve the page, edit, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=15)
    edits = parser.parse_args().edits
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        process, url = conftest.start(PAGE, log)
        try:
            conftest.await_health(process, url, log)
            seconds = measured(url, edits)
        finally:
            process.terminate()
            process.wait(timeout=10)
    load = os.getloadavg()[0]
    median, most = statistics.median(seconds), max(seconds)
    print(f"edit to picture at T = 256: median {median:.2f} s, most {most:.2f} s of {edits}; load {load:.1f}")


if __name__ == "__main__":
    main()
