"""How long a class waits: 30 readers change the configuration at once. `python -m tests.app.load --readers 30`.

Speaks Streamlit's own protocol, so that no browser takes the server's time. Each reader opens the app, then changes
the length of segments a few times, at moments of their own; a change counts from its message to the end of the run.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.conftest import APP, await_health, start

LABEL = "Tokens in a segment"
PAUSE = 15.0
"""Seconds from one change of a reader to the next, on average."""


class Run(NamedTuple):
    """What a run of the page sent: the control for the length of segments, and the address."""

    control: str
    address: str


async def finished(socket: websockets.ClientConnection) -> Run:
    """Wait for the end of a run."""
    control = address = ""
    while True:
        message = ForwardMsg.FromString(await socket.recv())
        match message.WhichOneof("type"):
            case "delta":
                field = message.delta.new_element.number_input
                control = field.id if field.label == LABEL else control
            case "page_info_changed":
                address = message.page_info_changed.query_string
            case "script_finished":
                if message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
                    raise RuntimeError(f"the run ended as {message.script_finished}")
                return Run(control, address)


async def reader(url: str, number: int, changes: int, opened: list[float], changed: list[float]) -> None:
    """One reader: opens the app, then changes the length of segments."""
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=None) as socket:
        begun = time.perf_counter()
        first = BackMsg()
        first.rerun_script.query_string = ""
        await socket.send(first.SerializeToString())
        control = (await finished(socket)).control
        opened.append(time.perf_counter() - begun)
        for i in range(changes):
            await asyncio.sleep(PAUSE * (0.5 + (number * 0.618 + i * 0.382) % 1))
            change = BackMsg()
            state = change.rerun_script.widget_states.widgets.add()
            state.id = control
            state.int_value = 17 + (7 * number + 3 * i) % 24
            begun = time.perf_counter()
            await socket.send(change.SerializeToString())
            run = await finished(socket)
            changed.append(time.perf_counter() - begun)
            if f"segment_length={state.int_value}" not in run.address:
                raise RuntimeError(f"the change to {state.int_value} did not arrive: {run.address!r}")


async def crowd(url: str, readers: int, changes: int) -> tuple[list[float], list[float]]:
    """All readers at once."""
    opened: list[float] = []
    changed: list[float] = []
    await reader(url, 0, 1, [], [])  # the server's first run loads its libraries
    await asyncio.gather(*(reader(url, number, changes, opened, changed) for number in range(readers)))
    return opened, changed


def resident(pid: int) -> float:
    """Megabytes that the server holds, where the system says so."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def said(name: str, seconds: list[float]) -> str:
    """Median and 95th percentile."""
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return f"{name:8} {len(seconds):4} times: median {statistics.median(seconds):.2f} s, p95 {p95:.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=30)
    parser.add_argument("--changes", type=int, default=6)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        server, url = start(APP, log)
        try:
            await_health(server, url, log)
            before = resident(server.pid)
            opened, changed = asyncio.run(crowd(url, arguments.readers, arguments.changes))
            print(said("opened", opened), said("changed", changed), sep="\n")
            print(f"the server holds {resident(server.pid):.0f} MB; {before:.0f} MB before the first reader")
        finally:
            server.terminate()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()


if __name__ == "__main__":
    sys.exit(main())
