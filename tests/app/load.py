"""How a class fares: readers open mixed pages of a fresh server at once. `python -m tests.app.load --readers 30`.

Nothing is warmed up. Each reader opens a page, changes the length of segments a few times where there is such a
control, at moments of their own, and leaves; with `--minutes`, the next one then comes to another page. A change counts
from its message to the end of the run. A page that shows a traceback is a failure, and the command's exit status.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests import visitor
from tests.conftest import ROOT, await_health, free_port, stop

PAGES = ("explore", "compare", "surgery", "interference", "oracle", "cost", "claims", "own")
LABEL = "Tokens in a segment"


@dataclass
class Class:
    """What its readers saw, in seconds."""

    opened: list[float] = field(default_factory=list)
    changed: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


async def reader(url: str, number: int, changes: int, pause: float, seen: Class) -> None:
    """One reader: opens a page, and changes the length of segments. From one change to the next: `pause` on average."""
    page = PAGES[number % len(PAGES)]
    async with visitor.visit(url) as socket:
        begun = time.perf_counter()
        run = await visitor.run(socket, page, "v=1")
        seen.opened.append(time.perf_counter() - begun)
        seen.failed += [f"{page}: {error}" for error in run.errors]
        for i in range(changes if LABEL in run.numbers else 0):
            await asyncio.sleep(pause * (0.5 + (number * 0.618 + i * 0.382) % 1))
            state = WidgetState(id=run.numbers[LABEL].id, double_value=17 + (7 * number + 3 * i) % 24)
            begun = time.perf_counter()
            after = await visitor.run(socket, page, run.address or "", (state,))
            seen.changed.append(time.perf_counter() - begun)
            seen.failed += [f"{page}, changed: {error}" for error in after.errors]
            if f"segment_length={state.int_value}" not in (after.address or ""):
                seen.failed.append(f"{page}: the change to {state.int_value} did not arrive: {after.address!r}")


async def crowd(url: str, readers: int, changes: int = 0, pause: float = 15, minutes: float = 0) -> Class:
    """All readers at once, and others in their places until the minutes are over."""
    seen = Class()
    over = time.monotonic() + 60 * minutes

    async def place(number: int) -> None:
        await reader(url, number, changes, pause, seen)
        while time.monotonic() < over:
            number += readers + 1
            await reader(url, number, changes, pause, seen)

    await asyncio.gather(*map(place, range(readers)))
    return seen


def resident(pid: int) -> float:
    """Megabytes that the server holds, where the system says so."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def worked(pid: int) -> float:
    """Seconds that processors have worked for the server, where the system says so: other work does not count."""
    status = Path(f"/proc/{pid}/stat")
    if not status.exists():
        return float("nan")
    user, system = status.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def said(name: str, seconds: list[float]) -> str:
    """Median and 95th percentile."""
    if len(seconds) < 2:
        return f"{name:8} {len(seconds):4} times"
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return f"{name:8} {len(seconds):4} times: median {statistics.median(seconds):.2f} s, p95 {p95:.2f} s"


def explorer(log: Path) -> tuple[subprocess.Popen, str]:
    """Start the explorer as readers do, on a free port. What it prints goes to `log`."""
    port = free_port()
    words = ["-m", "mcviz", "explore", "--no-browser", "--address", "127.0.0.1", "--port", str(port)]
    with log.open("w") as output:
        server = subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    return server, f"http://127.0.0.1:{port}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=30)
    parser.add_argument("--changes", type=int, default=6)
    parser.add_argument("--pause", type=float, default=15, help="seconds between a reader's changes, on average")
    parser.add_argument("--minutes", type=float, default=0, help="how long others come when readers leave")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        server, url = explorer(log)
        try:
            begun = time.monotonic()
            await_health(server, url, log)
            print(f"ready after {time.monotonic() - begun:.1f} s")
            held = [resident(server.pid)]
            rounds = [0, arguments.minutes] if arguments.minutes else [0]
            for minutes in rounds:
                before = worked(server.pid)
                seen = asyncio.run(crowd(url, arguments.readers, arguments.changes, arguments.pause, minutes))
                held.append(resident(server.pid))
                print(said("opened", seen.opened), said("changed", seen.changed), *seen.failed, sep="\n")
                print(f"the server worked {worked(server.pid) - before:.1f} s for them")
                print(f"failures: {len(seen.failed)}; megabytes held: {', '.join(f'{one:.0f}' for one in held)}")
        finally:
            stop(server)
    return int(bool(seen.failed))


if __name__ == "__main__":
    sys.exit(main())
