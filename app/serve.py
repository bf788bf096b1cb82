"""The explorer's server: Streamlit's, and beside its pages the newest frames of a training, for whoever looks on.

A page that ran again for each picture would be drawn anew for it, which takes more of the processor than the picture.
"""

import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit.web.server.server_util import get_display_address, get_url

if sys.path[0] != (ROOT := str(Path(__file__).parents[1])):
    sys.path.insert(0, ROOT)  # its modules import each other as `app`, whatever else has that name

from app import runs
from app.desk import FRAMES, desk
from mcviz.stepper import pack_film

MAIN = Path(__file__).with_name("main.py")


def frames(request: Request) -> Response:
    """The film of the training that is named so, as it is now: its frames `first` and later, or at least the newest.

    404 where there is none.
    """
    name, first = request.path_params["name"], request.path_params["first"]
    live = desk().live(name)
    if live is None:
        return Response(status_code=404)
    packed = pack_film(live, min(first, len(live.frames) - 1))
    return Response(packed, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Load the pages, and what the stored runs say, before the first reader comes, and open the explorer in the browser
    where that is wanted; in the end, forget all trainings."""
    for page in sorted((Path(__file__).parent / "views").glob("[!_]*.py")):
        import_module(f"app.views.{page.stem}")
    runs.board()
    runs.points()
    if not st.get_option("server.headless"):
        url = get_url(get_display_address(st.get_option("server.address")))
        threading.Timer(0.5, webbrowser.open, [url]).start()  # the server listens once this has yielded
    yield
    desk().end()


server = st.App(MAIN, routes=[Route(f"/{FRAMES}/{{name}}/{{first:int}}", frames)], lifespan=lifespan)
