"""How long from a key press to the painted frame, in each host of the stepper, in real Chromium.

    python -m tests.stepper.latency                       # T = 256, N = 16, H = 4, d = 32
    python -m tests.stepper.latency --tokens 2048         # N = 128
    python -m tests.stepper.latency --hosts html --endurance 5000

Prints median and 95th percentile in milliseconds, frames a second in play, the time to the first picture, and how
the page's memory grows over many steps.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from mcviz import MCConfig
from tests.stepper import hosts
from tests.stepper.examples import noise

# From the press as the browser stamps it, to the first task after the frame that shows the new step.
_WATCH = """root => {
  window.latencies = [];
  const channel = new MessageChannel();
  let pressed = 0;
  channel.port1.onmessage = () => { window.latencies.push(performance.now() - pressed); pressed = 0; };
  window.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  new MutationObserver(() => pressed && channel.port2.postMessage(0)).observe(root, { attributeFilter: ["data-step"] });
}"""
_AWAIT = """i => new Promise((done) => {
  const look = () => (window.latencies.length > i ? done() : setTimeout(look, 1));
  look();
})"""
_FRAMES = """seconds => new Promise((done) => {
  let frames = 0;
  const start = performance.now();
  const tick = (now) => {
    frames += 1;
    if (now - start < 1000 * seconds) requestAnimationFrame(tick);
    else done((frames - 1) / ((now - start) / 1000));
  };
  requestAnimationFrame(tick);
})"""


def measure(page, presses: int) -> list[float]:
    """Milliseconds from press to frame, one press at a time."""
    root = hosts.shown(page)
    root.evaluate(_WATCH)
    root.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(500)
    page.evaluate("window.latencies = []")
    for i in range(presses):
        page.keyboard.press("ArrowLeft" if i % 50 == 49 else "ArrowRight")
        page.evaluate(_AWAIT, i)
    return page.evaluate("window.latencies")[10:]


def playing(page, seconds: float = 3) -> tuple[float, float]:
    """Frames a second while playing at 60 tokens a second, and the tokens a second that were reached."""
    root = hosts.shown(page)
    root.focus()
    page.keyboard.press("Home")
    for _ in range(8):
        page.keyboard.press("+")
    page.keyboard.press("Space")
    before = int(root.get_attribute("data-step"))
    start = time.perf_counter()
    frames = page.evaluate(_FRAMES, seconds)
    steps = (int(root.get_attribute("data-step")) - before) / (time.perf_counter() - start)
    page.keyboard.press("Space")
    return frames, steps


def endurance(page, steps: int) -> tuple[float, float]:
    """Megabytes of JavaScript's heap, collected, before and after so many steps."""
    root = hosts.shown(page)
    session = page.context.new_cdp_session(page)

    def heap() -> float:
        session.send("HeapProfiler.collectGarbage")
        return session.send("Runtime.getHeapUsage")["usedSize"] / 1e6

    last = int(page.locator(".mcviz input[type=range]").first.get_attribute("max"))
    root.focus()
    # Two rounds first, so that everything that is kept once is there.
    step = """async ([root, n, last]) => {
      for (let i = 0; i < n; i++) {
        const key = i % (last + 1) === last ? "Home" : "ArrowRight";
        root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true }));
        if (i % 97 === 0) root.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
        await new Promise(requestAnimationFrame);
      }
    }"""
    handle = root.element_handle()
    page.evaluate(step, [handle, min(500, steps), last])
    before = heap()
    page.evaluate(step, [handle, steps, last])
    return before, heap()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--aggregator", default="grm")
    parser.add_argument("--presses", type=int, default=200)
    parser.add_argument("--hosts", nargs="+", default=["html", "streamlit", "jupyter"])
    parser.add_argument("--endurance", type=int, default=0, metavar="STEPS")
    chosen = parser.parse_args()
    cfg = MCConfig(aggregator=chosen.aggregator, top_k=4)
    trace = noise(cfg, chosen.tokens, H=4, K=32, V=32)
    print(f"T = {trace.T}, N = {trace.N}, H = {trace.H}, d = {trace.K}, {cfg.aggregator}")
    chromium = os.environ.get("MCVIZ_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name in chosen.hosts:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            with HOSTS[name](page, trace, chosen, Path(folder)) as first:
                row = {"host": name, "first picture ms": round(first)}
                times = measure(page, chosen.presses)
                row["median ms"] = round(statistics.median(times), 1)
                row["p95 ms"] = round(statistics.quantiles(times, n=20)[-1], 1)
                row["frames/s"], row["tokens/s"] = (round(x, 1) for x in playing(page))
                if chosen.endurance:
                    row["heap MB"] = [round(x, 2) for x in endurance(page, chosen.endurance)]
                print(json.dumps(row), flush=True)
            page.close()
        browser.close()


class Html:
    """The file, opened from disk."""

    def __init__(self, page, trace, chosen, folder):
        self.page, self.path = page, folder / "run.html"
        trace.to_html(self.path)

    def __enter__(self) -> float:
        start = time.perf_counter()
        self.page.goto(self.path.as_uri())
        hosts.shown(self.page)
        return 1000 * (time.perf_counter() - start)

    def __exit__(self, *error):
        return None


class Streamlit:
    """A served page; its second visit is timed, when the server has the run in its cache."""

    def __init__(self, page, trace, chosen, folder):
        self.page, self.server = page, hosts.streamlit(folder)
        self.query = f"?tokens={chosen.tokens}&aggregator={chosen.aggregator}"

    def __enter__(self) -> float:
        url = self.server.__enter__()
        self.page.goto(url + self.query)
        hosts.shown(self.page)
        self.page.goto("about:blank")
        start = time.perf_counter()
        self.page.goto(url + self.query)
        hosts.shown(self.page)
        return 1000 * (time.perf_counter() - start)

    def __exit__(self, *error):
        return self.server.__exit__(*error)


class Jupyter:
    """A notebook in JupyterLab, timed from the opening of the page to the picture, kernel start and all."""

    def __init__(self, page, trace, chosen, folder):
        self.page, self.lab = page, hosts.jupyter(folder)
        self.cell = (
            f"Stepper(noise(MCConfig(aggregator={chosen.aggregator!r}, top_k=4), {chosen.tokens}, H=4, K=32, V=32))"
        )

    def __enter__(self) -> float:
        run = self.lab.__enter__()
        start = time.perf_counter()
        run(self.page, self.cell)
        hosts.shown(self.page)
        return 1000 * (time.perf_counter() - start)

    def __exit__(self, *error):
        return self.lab.__exit__(*error)


HOSTS = {"html": Html, "streamlit": Streamlit, "jupyter": Jupyter}

if __name__ == "__main__":
    main()
