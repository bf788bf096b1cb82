"""How readers fare who train all at once: `python -m tests.app.line --readers 10`.

They press Train at the same moment, on a fresh server, and look on as browsers do: by the clock of the page, and once
there is a picture, at its newest frames besides. Prints how long it took until each had a word (its place in the line)
or a picture, and how long they then waited for the next one. It fails if that is ever longer than `--patience`.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests import visitor
from tests.app.load import explorer
from tests.conftest import await_health, stop

PACE = 0.44
"""Seconds from one look at the newest frames to the next, as `mcviz/stepper/front/hosts/live.js` has it."""


@dataclass
class Seen:
    """What readers saw, in seconds."""

    first: list[float] = field(default_factory=list)  # from the press to the first words
    gaps: list[float] = field(default_factory=list)  # from one word or picture to the next
    words: list[str] = field(default_factory=list)  # the first ones
    pictures: int = 0


async def reader(url: str, seconds: float, ready: asyncio.Barrier, seen: Seen) -> None:
    """One reader: opens the page, presses Train with all others, and looks on."""
    async with visitor.visit(url) as socket:
        page = await visitor.run(socket, "train", "v=1&train_steps=3000")
        await ready.wait()
        begun = time.perf_counter()
        press = WidgetState(id=page.buttons["Train"], trigger_value=True)
        page = await visitor.run(socket, "train", page.address or "", (press,))
        seen.first.append(time.perf_counter() - begun)
        seen.words += [next(text for text in page.texts if "before yours" in text or "It starts" in text)]
        last, fetching = time.perf_counter(), None

        def heard() -> None:
            nonlocal last
            now = time.perf_counter()
            seen.gaps.append(now - last)
            last = now

        while time.perf_counter() - begun < seconds:
            interval, fragment = page.clock
            await asyncio.sleep(interval)
            asked = BackMsg()
            asked.rerun_script.page_script_hash = page.page
            asked.rerun_script.query_string = page.address or ""
            asked.rerun_script.fragment_id = fragment
            await socket.send(asked.SerializeToString())
            came = await visitor.finished(socket)
            heard()
            if came.live and fetching is None:
                fetching = asyncio.create_task(fetch(f"{url}/{came.live}", heard, seen))
            page = came if came.clock[1] else page
        if fetching is not None:
            fetching.cancel()


async def fetch(address: str, heard: Callable[[], None], seen: Seen) -> None:
    """The newest frames, again and again."""

    def take() -> bytes:
        with urllib.request.urlopen(f"{address}/{2**20}") as answer:
            content: bytes = answer.read()
            return content

    while True:
        began = time.perf_counter()
        await asyncio.to_thread(take)
        heard()
        seen.pictures += 1
        await asyncio.sleep(max(0, PACE - (time.perf_counter() - began)))


async def crowd(url: str, readers: int, seconds: float) -> Seen:
    """So many readers at once, for so long."""
    seen, ready = Seen(), asyncio.Barrier(readers)
    await asyncio.gather(*(reader(url, seconds, ready, seen) for _ in range(readers)))
    return seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--patience", type=float, default=2, help="seconds until everybody has a word or a picture")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        server, url = explorer(log)
        try:
            await_health(server, url, log)
            seen = asyncio.run(crowd(url, chosen.readers, chosen.seconds))
        finally:
            stop(server)
    print(*sorted(text.replace("\\", "") for text in seen.words), sep="\n")
    for name, values in (("to the first words", seen.first), ("to the next ones", seen.gaps)):
        print(f"{name}: median {statistics.median(values):.2f} s, most {max(values):.2f} s")
    print(f"{seen.pictures} pictures, and {len(seen.gaps) - seen.pictures} looks by the clock")
    return int(max(*seen.first, *seen.gaps) > chosen.patience)


if __name__ == "__main__":
    raise SystemExit(main())
