"""Links and files that nobody wrote in good faith: `python -m tests.hostile --links 500 --files 50`.

Each of them may be refused in words, and may take a gigabyte above what an idle server takes; a traceback is a failure,
and the command's exit status. `--seed` gives the same ones again.
"""

import argparse
import io
import json
import random
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from mcviz import MCConfig, Trace, examples, link
from mcviz.rules import AGGREGATORS, SHEETS
from tests import components
from tests.heaviest import idle, kilobytes, limited

PAGES = ("explore", "compare", "surgery", "interference", "oracle", "cost", "claims", "own")
NUMBERS = ("0", "1", "2", "-1", "7", "17", "141", "4096", "65536", "999999999999999", "-999999999999999", "9" * 400)
TEXTS = (
    *("", " ", "\0", "-", "1e9", "NaN", "Infinity", "٣", "0x10", "True", "{}", "[]", "\ud800"),
    *("𝔘𝔫𝔦", "ا ب ج", "👩\u200d👧 " * 40, "e\u0301" * 900, "a" * 6001, "w " * 3000, "\n" * 500),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "](javascript:alert(1))", "$\\frac{1}{0}$"),
    *("'; --", "../../etc/passwd", "C:\\con", "%00%ff"),
)
Ask = Callable[[], list[str]]
"""What asks for something, and gives the tracebacks that came of it."""
EDITS = (
    "off.0 off.0 off.99999 on.2",
    "swap.0.999999999 swap.-1.2 swap.3.3",
    "noise.1.1e308.0 noise.0.nan.0 noise.0.inf.1",
    "scale.0.-1e300 scale.1.0",
    "force.1-2@97 force.9-9@0 force.@ force.1@-5",
    "freeze.0.99999999.5 freeze.nan.0.5",
    "erase." * 600,
)


def links(draw: random.Random) -> tuple[str, dict[str, str]]:
    """A page, and the parameters of a link to it: some as they should be, some not."""
    known = link.fields()
    values: dict[str, str] = {"run": draw.choice(known["run"].choices)} if draw.random() < 0.8 else {}
    for name in draw.sample(sorted(known), draw.randrange(1, 9)):
        field = known[name]
        fitting = field.choices or (NUMBERS if isinstance(field.default, int) else (*EDITS, *TEXTS))
        values[name] = draw.choice(fitting if draw.random() < 0.8 else (*NUMBERS, *TEXTS))
    if draw.random() < 0.2:
        values[draw.choice(TEXTS[8:]) or "v"] = draw.choice(TEXTS)
    return draw.choice(PAGES), values


def opens(view: str, values: dict[str, str]) -> list[str]:
    """Open a page as its link does; the tracebacks that it shows."""
    from streamlit.testing.v1 import AppTest

    page = AppTest.from_string(
        f"from app import screen\nfrom app.views import {view}\nscreen.begin()\n{view}.page()\nscreen.end()\n",
        default_timeout=300,
    )
    for name, value in values.items():
        page.query_params[sent(name)] = sent(value)
    page.run()
    return [f"{error.proto.type}: {error.message}" for error in page.exception]


def sent(text: str) -> str:
    """Text as a browser sends it: with `?` for halves of characters."""
    return text.encode(errors="replace").decode()


def run(draw: random.Random) -> Trace:
    """A small run of a rule and an aggregator that somebody draws."""
    cfg = MCConfig(
        memory=draw.choice(tuple(SHEETS)),
        aggregator=draw.choice(tuple(AGGREGATORS)),
        segment_length=draw.choice((1, 5, 16)),
        top_k=2,
    )
    words = " ".join(draw.choice("abcdefg") for _ in range(draw.choice((1, 2, 17, 40))))
    return examples.run("text", cfg, text=words, key_size=8, value_size=4)


def strange(draw: random.Random) -> bytes:
    """A file whose hash is right and whose numbers and labels are not what a run gives."""
    trace = run(draw)
    number = draw.choice((np.nan, np.inf, -np.inf, 1e308, 5e-324, -0.0))
    name = draw.choice(("q", "output", "online_contexts", "weights", "scores", "reads"))
    if (old := getattr(trace, name)) is not None and draw.random() < 0.7:
        mask = np.random.default_rng(draw.randrange(2**32)).random(old.shape) < draw.choice((0.01, 1))
        trace = forced(trace, **{name: np.where(mask, old.dtype.type(number), old)})
    label = draw.choice(TEXTS)
    trace = forced(trace, tokens=(label,) * trace.T, title=draw.choice(TEXTS) * 20)
    file = io.BytesIO()
    trace.save(file)
    return file.getvalue()


def forced(trace: Trace, **changes: object) -> Trace:
    """The Trace with these changes, or without them where it refuses them."""
    try:
        return replace(trace, **changes)  # type: ignore[arg-type]
    except ValueError:
        return trace


def damaged(draw: random.Random) -> bytes:
    """A file of which some bytes were lost or changed."""
    data = bytearray(strange(draw))
    for _ in range(draw.choice((1, 20, 500))):
        data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data[: draw.choice((len(data), len(data) // 2, 4))])


def rewritten(draw: random.Random) -> bytes:
    """A file in which one entry was replaced: by nothing, by much, by what claims too much, or by a pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(strange(draw))) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = draw.choice(names)
        for name in names:
            new.writestr(name, replaced(draw) if name == chosen else old.read(name))
        if draw.random() < 0.3:
            new.writestr(draw.choice(("../../x.npy", "header.npy", "con", "a" * 300)), replaced(draw))
    return file.getvalue()


def replaced(draw: random.Random) -> bytes:
    """What stands in the place of an array."""
    file = io.BytesIO()
    match draw.randrange(6):
        case 0:
            return b""
        case 1:
            return b"\0" * 3 * 10**8
        case 2:
            shape = (2**40, 2**40) if draw.random() < 0.5 else (3 * 10**9,)
            head = {"descr": "<f8", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, head)  # type: ignore[arg-type]
        case 3:
            np.save(file, np.array([{"a": print}], dtype=object), allow_pickle=True)
        case 4:
            np.save(file, np.array(json.dumps({"version": draw.choice(NUMBERS), "config": draw.choice(TEXTS)})))
        case 5:
            np.save(file, np.array("[" * 10**6))
    return file.getvalue()


def foreign(draw: random.Random) -> bytes:
    """A file of another kind."""
    return draw.choice((b"", b"PK\3\4", b"%PDF-1.7", draw.randbytes(10_000), b"\x93NUMPY\1\0" + b" " * 200))


def files(draw: random.Random) -> tuple[str, bytes]:
    """A file, and what was done to it."""
    make: Callable[[random.Random], bytes] = draw.choice((strange, strange, damaged, rewritten, rewritten, foreign))
    return make.__name__, make(draw)


def takes(data: bytes) -> list[str]:
    """Take a file in, as the page does that shows saved runs, and make its files; what else than a refusal came."""
    from mcviz import uploads
    from mcviz.stepper import html, payload

    try:
        trace = uploads.read(io.BytesIO(data), len(data))
    except ValueError:
        return []
    try:
        payload.pack(trace)
        payload.pack_online(trace, trace.T - 1)
        html.page(trace)
        trace.save(io.BytesIO())
    except Exception as error:
        return [f"{type(error).__name__}: {error}"[:300]]
    return []


def link_to_open(draw: random.Random) -> tuple[str, Ask]:
    """A link, and what opens it."""
    view, values = links(draw)
    return f"{view} {json.dumps(values)[:500]}", partial(opens, view, values)


def file_to_take(draw: random.Random) -> tuple[str, Ask]:
    """A file, and what takes it in."""
    kind, data = files(draw)
    return f"file, {kind}, {len(data):,} bytes", partial(takes, data)


def measured(ask: Ask) -> tuple[list[str], int]:
    """The failures of one, and its peak in megabytes above what was held before."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    base = kilobytes("VmRSS")
    with limited():
        failed = ask()
    return failed, 1024 * (kilobytes("VmHWM") - base) // 10**6


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--links", type=int, default=500)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    draw, began = random.Random(asked.seed), time.monotonic()
    components.looked_for_once()
    opens("explore", {})  # what is loaded once
    kinds = {"links": (asked.links, link_to_open), "files": (asked.files, file_to_take)}
    failures = 0
    for name, (count, make) in kinds.items():
        highest = 0
        for i in range(count):
            what, ask = make(draw)
            if i % 20 == 0:
                idle()
            failed, peak = measured(ask)
            failures, highest = failures + len(failed), max(highest, peak)
            print(*(f"{what}: {failure}\n" for failure in failed), sep="", end="", flush=True)
        print(f"{count} {name}: at most {highest} MB above idle")
    print(f"seed {asked.seed}: {failures} failures in {(time.monotonic() - began) / 60:.1f} minutes")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
