"""What it costs a training that its page is open: `python -m tests.app.watching`.

One training in the explorer, in turns with its page open in Chromium and closed. Prints steps of training a second in
either, pictures a second, and the seconds of a processor that each process worked a second. The training itself goes
on through all turns.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from playwright.sync_api import sync_playwright

from mcviz.studio.now import STEP
from mcviz.studio.places import Places
from tests.app.load import explorer
from tests.conftest import CHROMIUM_ARGUMENTS, await_health, find_chromium, stop

CLOCK = ".film .clock b"
# The clock beside the curves is written with the rest of a picture.
_COUNT = """(clock) => {
  window.pictures = 0;
  const all = { childList: true, characterData: true, subtree: true };
  new MutationObserver(() => { window.pictures += 1; }).observe(clock, all);
}"""


class Turn(NamedTuple):
    """What was seen for so many seconds."""

    seconds: float
    steps: float
    pictures: int
    worked: dict[str, float]  # seconds of a processor, by process


def taken(places: Places) -> tuple[int, float]:
    """Steps of a training, and when it had taken them."""
    while True:
        before = places.now.stat().st_mtime
        with np.load(places.now) as stored:
            step = int(stored[STEP])
        if places.now.stat().st_mtime == before:
            return step, before


def worked(names: dict[str, psutil.Process]) -> dict[str, float]:
    """Seconds that processors have worked for processes and all that they started."""
    total: dict[str, float] = {}
    for name, process in names.items():
        for each in [process, *process.children(recursive=True)]:
            try:
                words, times = each.cmdline(), each.cpu_times()
            except psutil.NoSuchProcess:
                continue
            kind = next((word[7:] for word in words if word.startswith("--type=")), "")
            kind = "training" if "mcviz.studio" in words else " ".join(filter(None, [name, kind]))
            total[kind] = total.get(kind, 0.0) + times.user + times.system
    return total


def watch(page, places: Places, seconds: float, processes: dict[str, psutil.Process]) -> Turn:
    """Look on for a while; without a page, let it train."""
    if page is not None:
        page.locator(CLOCK).evaluate(_COUNT)
    before, (first, began) = worked(processes), taken(places)
    time.sleep(seconds)
    after, (last, ended) = worked(processes), taken(places)
    pictures = 0 if page is None else page.evaluate("window.pictures")
    return Turn(ended - began, last - first, pictures, {name: after[name] - before.get(name, 0.0) for name in after})


def said(name: str, turns: list[Turn]) -> str:
    """All turns of a kind as one line."""
    seconds = sum(turn.seconds for turn in turns)
    names = sorted({name for turn in turns for name in turn.worked})
    shares = {name: sum(turn.worked.get(name, 0.0) for turn in turns) / seconds for name in names}
    busy = ", ".join(f"{name} {share:.2f}" for name, share in shares.items() if share >= 0.005)
    steps, pictures = (sum(values) / seconds for values in zip(*((t.steps, t.pictures) for t in turns), strict=True))
    return f"{name:7} {seconds:5.1f} s: {steps:5.1f} steps/s, {pictures:4.2f} pictures/s; processors: {busy}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="of a turn; a page that is gone for 20 is missed")
    parser.add_argument("--order", default="train_steps=3000", help="as a link says it")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, sync_playwright() as driver:
        os.environ["TMPDIR"] = folder
        server, url = explorer(Path(folder) / "log.txt")
        try:
            await_health(server, url, Path(folder) / "log.txt")
            browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.set_default_timeout(120_000)
            page.goto(f"{url}/train?v=1&{chosen.order}")
            page.get_by_role("button", name="Train", exact=True).click()
            page.locator(CLOCK).wait_for()
            address = page.url
            name = page.evaluate("new URLSearchParams(location.search).get('training')")
            places = Places(next(Path(folder).glob(f"mcviz-*/{name}")))
            driven = next(each for each in psutil.Process().children() if each.pid != server.pid)
            processes = {"server": psutil.Process(server.pid), "browser": driven}
            turns: dict[str, list[Turn]] = {"open": [], "closed": []}
            for _ in range(chosen.rounds):
                turns["open"].append(watch(page, places, chosen.seconds, processes))
                page.goto("about:blank")
                turns["closed"].append(watch(None, places, chosen.seconds, processes))
                page.goto(address)
                page.locator(CLOCK).wait_for()
            for kind, seen in turns.items():
                print(said(kind, seen))
            rates = [sum(t.steps for t in turns[kind]) / sum(t.seconds for t in turns[kind]) for kind in turns]
            print(f"with the page open, {rates[0] / rates[1]:.0%} of the steps are left")
            browser.close()
        finally:
            stop(server)


if __name__ == "__main__":
    main()
