"""What the pages of a site take, in real Chromium and from this machine: bytes, time and memory.

    mcviz site --out build/site && python -m tests.site.weigh build/site

Prints a line for each page: what came over the wire, seconds until the first thing that can be looked at and until all
is there (steppers and figures, of which it opens three; Python), and the memory of the page's process. Then how long
the explorer takes from a choice to its picture, and how long it keeps the page's thread meanwhile.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from mcviz.site import frame
from tests.conftest import CHROMIUM_ARGUMENTS, PATIENCE, find_chromium
from tests.site.conftest import serve
from tests.stepper.hosts import until

OTHERS = ("learn/00_start_here.html", "learn/04_the_selector.html", "api/mcviz/trace.html")
SHOWN = 3
"""Figures and steppers that are brought into view."""

PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
SLOW = {"offline": False, "latency": 2000, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""What the browser's tools call slow 3G: milliseconds, and bytes a second."""

WATCH = """
globalThis.marks = { blocks: [], answers: [] };
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) marks.blocks.push([startTime, duration]);
}).observe({ type: "longtask", buffered: true });
globalThis.Worker = class extends Worker {
  constructor(...how) {
    super(...how);
    this.addEventListener("message", ({ data }) => data.kind === "answer" && marks.answers.push(performance.now()));
  }
};
(function look() {
  if (document.querySelector("#stepper[data-step]")) marks.picture ??= performance.now();
  if (document.querySelector("#status")?.textContent.startsWith("Live")) marks.live ??= performance.now();
  requestAnimationFrame(look);
})();
"""
CHOOSE = """aggregator => new Promise((done) => {
  const control = document.querySelector("#control-aggregator");
  const watch = new MutationObserver(() => {
    if (!document.querySelector("#status").textContent.startsWith("Live")) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => done([begun, performance.now()])));
  });
  watch.observe(document.querySelector("#status"), { childList: true });
  control.value = aggregator;
  const begun = performance.now();
  control.dispatchEvent(new Event("change"));
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, help="the folder of a site")
    folder = parser.parse_args().site
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 2**20:.1f} MB\n")
    print("| page | MB | first, s | all, s | memory, MB |\n| --- | --- | --- | --- | --- |")
    server = serve(folder)
    home = f"http://127.0.0.1:{server.server_port}/"
    with sync_playwright() as driver:
        for place in ("", *frame.PAGES, *OTHERS):
            browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
            weigh(browser, home, place)
            browser.close()
        browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        play(browser, home)
        browser.close()
    server.shutdown()


def opened(browser: Browser) -> Page:
    """An empty page, which will note when what came."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(PATIENCE)
    page.add_init_script(WATCH)
    return page


def ready(page: Page, expression: str) -> None:
    """Wait until this is true of the page."""
    until(page, lambda: page.evaluate(expression), expression)


def weigh(browser: Browser, home: str, place: str) -> None:
    """The line of one page, from an empty cache."""
    page = opened(browser)
    come = []
    page.context.on("requestfinished", lambda request: come.append(request))
    page.goto(home + (place if place.endswith(".html") else f"{place}index.html"))
    if place == "play/":
        ready(page, "marks.live")
        first, last = page.evaluate("[marks.picture, marks.live]")
    else:
        shown = page.locator("figure.stepper, figure[data-figure]")
        ready(page, PAINT)
        first = page.evaluate(PAINT)
        for figure in shown.all()[:SHOWN]:
            figure.evaluate(
                "node => { for (let at = node; at; at = at.parentElement) if (at.open === false) at.open = true; }"
            )
            figure.scroll_into_view_if_needed()
            figure.locator(".mcviz[data-step], .main-svg").first.wait_for()
        last = page.evaluate("performance.now()")
    page.wait_for_load_state("networkidle")
    bytes_come = sum(request.sizes()["responseBodySize"] for request in come)
    print(
        f"| /{place} | {bytes_come / 2**20:.2f} | {first / 1000:.2f} | {last / 1000:.2f} | {memory(browser):.0f} |",
        flush=True,
    )


def memory(browser: Browser) -> float:
    """Megabytes of the largest process that draws: its share of what processes share counted in."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    pids = [one["id"] for one in processes if one["type"] == "renderer"]
    return max(float(line.split()[1]) for pid in pids for line in rollup(pid) if line.startswith("Pss:")) / 1024


def rollup(pid: int) -> list[str]:
    """What Linux says of a process's memory."""
    return Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()


def play(browser: Browser, home: str) -> None:
    """The explorer with a warm cache, and from a choice to its picture."""
    page = opened(browser)
    page.goto(f"{home}play/index.html")
    for cache in ("empty", "warm"):
        ready(page, "marks.live")
        picture, live = page.evaluate("[marks.picture, marks.live]")
        print(f"\nexplorer, {cache} cache: picture {picture / 1000:.2f} s, live {live / 1000:.2f} s", end="")
        page.reload()
    slow = opened(browser)
    slow.context.new_cdp_session(slow).send("Network.emulateNetworkConditions", SLOW)
    slow.goto(f"{home}play/index.html", wait_until="commit")
    ready(slow, "marks.picture")
    print(f"\nexplorer, slow 3G: picture {slow.evaluate('marks.picture') / 1000:.1f} s", end="")
    slow.close()
    for T in (160, 1024):
        words = "+".join(f"word{i % 300}" for i in range(T))
        page.goto(f"{home}play/index.html?v=1&run=text&text={words}")
        ready(page, "marks.live")
        names = page.locator("#control-aggregator option").evaluate_all("all => all.map(({ value }) => value)")
        slowest, blocked, drawing = 0.0, 0.0, 0.0
        for name in [*names[1:], names[0]]:
            begun, ended = page.evaluate(CHOOSE, name)
            page.wait_for_timeout(300)
            slowest = max(slowest, ended - begun)
            blocks, answers = page.evaluate("[marks.blocks, marks.answers]")
            answered = next(at for at in answers if at > begun)
            blocked = max([blocked, *(d for at, d in blocks if begun < at and at + d < answered)])
            drawing = max([drawing, *(d for at, d in blocks if at + d >= answered)])
        print(f"\nT = {T}: from a choice to its picture {slowest:.0f} ms at most", end="")
        print(f"; longest task {blocked:.0f} ms while Python computes, {drawing:.0f} ms to draw", end="")
    print()


if __name__ == "__main__":
    main()
