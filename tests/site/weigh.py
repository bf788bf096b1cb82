"""What the explorer of a site takes, in real Chromium and from this machine.

    mcviz site --out build/site && python -m tests.site.weigh build/site

Prints the size of the site; of each page how much comes as a server packs it, when its first words are there, and the
memory of its scripts. Then when the first picture and Python are there: from an empty cache, from a warm one, and the
picture over a slow network. Then how long it takes from a choice to its picture at most, over all aggregators, with
a light and with heavy memories, and how long the page's thread is kept meanwhile.
"""

import argparse
import gzip
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from mcviz.site import frame
from tests.conftest import CHROMIUM_ARGUMENTS, PATIENCE, find_chromium
from tests.site.conftest import serve
from tests.stepper.hosts import until

MEMORIES = ("linear", "dla", "titans")
"""The lightest rule and the two heaviest."""

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
    print(f"{folder}: {size / 2**20:.1f} MB")
    server = serve(folder)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        home = f"http://127.0.0.1:{server.server_port}/"
        for name in pages(folder):
            weigh(browser, home, folder, name)
        play(browser, home)
        browser.close()
    server.shutdown()


def opened(browser: Browser) -> Page:
    """An empty page, which will note when what came."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(PATIENCE)
    page.add_init_script(WATCH)
    return page


def pages(folder: Path) -> list[str]:
    """The site's pages, but of the reference the first alone."""
    named = [f"{place}index.html" for place in ("", *frame.PAGES)]
    lessons = sorted(path.relative_to(folder).as_posix() for path in folder.glob("learn/*.html"))
    return [name for name in dict.fromkeys([*named, *lessons]) if (folder / name).is_file()]


def weigh(browser: Browser, home: str, folder: Path, name: str) -> None:
    """One page as it opens, without Python: once nothing more comes."""
    page = opened(browser)
    page.route("**/play/worker.js", lambda route: route.abort())
    page.goto(f"{home}{name}", wait_until="networkidle")
    files = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    come = {url.removeprefix(home).partition("?")[0] for url in files if url.startswith(home)} | {name}
    size = sum(len(gzip.compress((folder / each).read_bytes())) for each in come if (folder / each).is_file())
    words = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    tools = page.context.new_cdp_session(page)
    tools.send("HeapProfiler.collectGarbage")
    heap = tools.send("Runtime.getHeapUsage")["usedSize"]
    page.close()
    print(f"{name:34} {size / 2**10:5.0f} KB, first words {words / 1000:.2f} s, memory {heap / 2**20:4.1f} MB")


def ready(page: Page, expression: str) -> None:
    """Wait until this is true of the page."""
    until(page, lambda: page.evaluate(expression), expression)


def play(browser: Browser, home: str) -> None:
    """The explorer from an empty cache, a warm one and over a slow network; and from a choice to its picture."""
    page = opened(browser)
    page.goto(f"{home}play/index.html")
    for cache in ("empty", "warm"):
        ready(page, "marks.live")
        picture, live = page.evaluate("[marks.picture, marks.live]")
        memory = page.workers[0].evaluate("python._module.HEAPU8.length") / 2**20
        print(f"\nexplorer, {cache} cache: picture {picture / 1000:.2f} s, live {live / 1000:.2f} s", end="")
        print(f", memory of Python {memory:.0f} MB", end="")
        page.reload()
    slow = opened(browser)
    slow.context.new_cdp_session(slow).send("Network.emulateNetworkConditions", SLOW)
    slow.goto(f"{home}play/index.html", wait_until="commit")
    ready(slow, "marks.picture")
    print(f"\nexplorer, slow 3G: picture {slow.evaluate('marks.picture') / 1000:.1f} s", end="")
    slow.close()
    for T, memory in product((160, 1024), MEMORIES):
        words = "+".join(f"word{i % 300}" for i in range(T))
        page.goto(f"{home}play/index.html?v=1&run=text&memory={memory}&text={words}")
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
        print(f"\n{memory}, T = {T}: from a choice to its picture {slowest:.0f} ms at most", end="")
        print(f"; longest task {blocked:.0f} ms while Python computes, {drawing:.0f} ms to draw (0: below 50)", end="")
    print()


if __name__ == "__main__":
    main()
