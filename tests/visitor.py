"""A reader without a browser: Streamlit's own protocol, so that no browser takes the server's time."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NumberInput_pb2 import NumberInput
from streamlit.proto.WidgetStates_pb2 import WidgetState as WidgetState

WELL = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


def finish(work: Coroutine, seconds: float = 300):
    """What `work` gives. It has a thread of its own: a browser's driver may be running a loop in this one."""
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, asyncio.wait_for(work, seconds)).result()


@dataclass
class Run:
    """What came of one run of a page."""

    elements: list[str] = field(default_factory=list)  # their kinds, in order
    errors: list[str] = field(default_factory=list)  # tracebacks
    numbers: dict[str, NumberInput] = field(default_factory=dict)  # the controls that take a number, by label
    buttons: dict[str, str] = field(default_factory=dict)  # their identities, by label
    live: str = ""  # the address of what a film on it fetches while it grows
    texts: list[str] = field(default_factory=list)  # its Markdown
    clock: tuple[float, str] = (float("inf"), "")  # the seconds after which a fragment runs again, and which: the next
    address: str | None = None  # where the run changed it
    page: str = ""  # the identity of the page
    found: bool = True  # whether there is a page of the name that was asked for


@asynccontextmanager
async def visit(url: str) -> AsyncIterator[websockets.ClientConnection]:
    """A session at the server that answers at `url`, until it is left."""
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=None) as socket:
        yield socket


async def run(
    socket: websockets.ClientConnection, page: str = "", address: str = "", states: tuple[WidgetState, ...] = ()
) -> Run:
    """Ask for a run of the page called `page` (as in its URL), with these widgets, and wait for its end."""
    asked = BackMsg()
    asked.rerun_script.page_name = page
    asked.rerun_script.query_string = address
    asked.rerun_script.widget_states.widgets.extend(states)
    await socket.send(asked.SerializeToString())
    return await finished(socket)


async def finished(socket: websockets.ClientConnection) -> Run:
    """What comes until a run ends that is not followed by another."""
    came = Run()
    while True:
        message = ForwardMsg.FromString(await socket.recv())
        match message.WhichOneof("type"):
            case "new_session":
                came = Run(address=came.address, page=message.new_session.page_script_hash)
            case "navigation":  # which page it is: a run begins before that is known
                came.page = message.navigation.page_script_hash
            case "page_not_found":
                came.found = False
            case "delta" if message.delta.WhichOneof("type") == "new_element":
                take(came, message.delta.new_element)
            case "auto_rerun":
                came.clock = min(came.clock, (message.auto_rerun.interval, message.auto_rerun.fragment_id))
            case "page_info_changed":
                came.address = message.page_info_changed.query_string
            case "script_finished":
                if message.script_finished in WELL:
                    return came
                if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    raise RuntimeError(f"the run ended as {message.script_finished}")


def take(came: Run, element) -> None:
    """Note an element of the page."""
    kind = element.WhichOneof("type")
    came.elements.append(kind)
    if kind == "exception":
        came.errors.append(f"{element.exception.type}: {element.exception.message}")
    elif kind == "number_input":
        came.numbers[element.number_input.label] = element.number_input
    elif kind == "bidi_component" and element.bidi_component.json:
        came.live = json.loads(element.bidi_component.json).get("live") or came.live
    elif kind == "markdown":
        came.texts.append(element.markdown.body)
    elif kind == "button":
        came.buttons[element.button.label] = element.button.id
