"""The module on its own: what it makes of payloads, whole and damaged."""

import base64
import json
import struct

import numpy as np
import pytest

from mcviz import MCConfig
from mcviz.stepper import assets, pack_film, payload
from tests.stepper import reading
from tests.stepper.examples import library, noise
from tests.stepper.films import film

pytestmark = pytest.mark.browser

_LOAD = """async (source) => {
  window.mcviz = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
}"""
_DECODE = """(text) => {
  try {
    const { runs } = mcviz.decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
    return { runs: runs.map(({ T, H, N }) => [T, H, N]) };
  } catch (error) {
    return { error: error.message };
  }
}"""


@pytest.fixture(scope="module")
def page(chromium):
    page = chromium.new_page()
    page.evaluate(_LOAD, assets.script())
    yield page
    page.close()


@pytest.fixture
def decode(page):
    return lambda data: page.evaluate(_DECODE, base64.b64encode(data).decode())


def with_header(data: bytes, change) -> bytes:
    """The payload with its header changed in place."""
    (length,) = struct.unpack("<Q", data[8:16])
    header = json.loads(data[16 : 16 + length])
    change(header)
    text = json.dumps(header).encode().ljust(length)
    assert len(text) == length
    return data[:16] + text + data[16 + length :]


def test_a_whole_payload_is_read(decode):
    trace = library()
    assert decode(payload.pack(trace)) == {"runs": [[trace.T, trace.H, trace.N]]}
    assert decode(payload.pack(trace, trace))["runs"] == [[trace.T, trace.H, trace.N]] * 2


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"", "not a run packed by mcviz"),
        (lambda data: b"PK\x03\x04" + data[4:], "not a run packed by mcviz"),
        (lambda data: b"mcviz/2\n" + data[8:], "another version"),
        (lambda data: data[:200], "cut off in its header"),
        (lambda data: data[:-5000], "is cut off"),
        (lambda data: data[:16] + b"}" + data[17:], "header is damaged"),
        (lambda data: with_header(data, lambda h: h.update(runs=[])), "holds no run"),
        (lambda data: with_header(data, lambda h: h["runs"][0].update(T=7)), "segments are damaged"),
        (lambda data: with_header(data, lambda h: h["runs"][0].update(K=5)), "expected numbers"),
        (lambda data: with_header(data, lambda h: h["runs"][0].update(segments=3)), "do not fit together"),
        (lambda data: with_header(data, lambda h: h["arrays"].pop("0.scores")), "scores: expected numbers"),
        (lambda data: with_header(data, lambda h: h["arrays"]["0.q"].update(at=12)), "0.q is cut off"),
        (lambda data: with_header(data, lambda h: h["arrays"]["0.q"].update(type="O8")), "unknown type"),
    ],
)
def test_damage_is_named(decode, damage, message):
    assert message in decode(damage(payload.pack(library())))["error"]


def test_random_damage_never_does_more_than_fail(decode):
    data = payload.pack(noise(MCConfig(segment_length=4), 12))
    rng = np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(data)
        for at in rng.integers(0, len(data) // 3, 3):
            broken[at] = rng.integers(256)
        result = decode(bytes(broken))
        assert "runs" in result or result["error"].startswith("payload: ")


def test_numbers_are_written_to_the_digits_shown(page):
    rng = np.random.default_rng(0)
    numbers = [*(rng.standard_normal(300) * 10.0 ** rng.integers(-8, 8, 300)).tolist(), 0, 5e-4, 0.9996, -9999.96, 1e4]
    for number, text in zip(numbers, page.evaluate("xs => xs.map(mcviz.format)", numbers), strict=True):
        assert reading.agrees(text, number), (number, text)
        assert len(text) <= 8


@pytest.mark.parametrize("dtype", [np.float16, np.int8])
def test_narrow_numbers_are_widened_rightly(page, dtype):
    budget = {np.float16: 60_000, np.int8: 21_000}[dtype]
    trace = noise(MCConfig(segment_length=8), 80)
    data = payload.pack(trace, budget=budget)
    header, arrays = payload.unpack(data)
    states = arrays["0.states.M"]
    assert states.dtype == dtype
    expected = states.astype(float).ravel() * header["runs"][0]["scales"].get("states.M", 1)
    got = page.evaluate(
        """(text) => {
          const { runs } = mcviz.decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
          const numbers = runs[0].a["states.M"];
          return Array.from(numbers.data, (_, i) => numbers.at(i));
        }""",
        base64.b64encode(data).decode(),
    )
    np.testing.assert_allclose(got, expected, rtol=1e-6)


_HOST = """([text, place]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const state = { ...place, payload: bytes(text) };
  const heard = [];
  const host = (window.host = {
    saved: [],
    heard,
    tell(name, value) {
      state[name] = value;
      for (const [at, hear] of [...heard]) if (at === `change:${name}`) hear();
    },
    send(message, text) {
      for (const [at, hear] of [...heard]) if (at === "msg:custom") hear(message, [bytes(text)]);
    },
  });
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes: () => host.saved.push({ step: state.step, head: state.head, segment: state.segment }),
    on: (name, hear) => { heard.push([name, hear]); },
    off: (name, hear) => { heard.splice(heard.findIndex(([at, one]) => at === name && one === hear), 1); },
    send: () => {},
  };
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  const widget = mcviz.default();
  host.begin = () => widget.initialize({ model });
  host.view = () => { host.leave = widget.render({ model, el }); };
}"""


def test_a_host_that_speaks_anywidget_and_no_more_moves_it(page):
    """As marimo does: a name in `on` is one name, and a change is told by it alone."""
    data = base64.b64encode(payload.pack(noise(MCConfig(segment_length=4), 12))).decode()
    page.evaluate(_HOST, [data, {"step": 3, "head": 0, "segment": -1}])
    page.evaluate("host.view()")
    page.wait_for_selector(".mcviz[data-step='3']")
    for name, value in {"step": 5, "head": 1, "segment": 0}.items():
        page.evaluate("([name, value]) => host.tell(name, value)", [name, value])
        page.wait_for_selector(f".mcviz[data-{name}='{value}']")
    page.locator(".mcviz").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("host.saved.length")
    assert page.evaluate("host.saved") == [{"step": 6, "head": 1, "segment": 0}]
    shorter = base64.b64encode(payload.pack(noise(MCConfig(segment_length=4), 5))).decode()
    page.evaluate("(text) => host.tell('payload', Uint8Array.from(atob(text), (c) => c.charCodeAt(0)))", shorter)
    page.wait_for_selector(".mcviz[data-step='4']")
    page.evaluate("host.leave()")
    assert page.evaluate("host.heard") == []


def test_who_views_a_film_later_sees_the_frames_that_came_meanwhile(page):
    young, rest = (base64.b64encode(pack_film(film(), *part)).decode() for part in ((0, 2), (2,)))
    page.evaluate(_HOST, [young, {"step": 3, "head": 0, "segment": -1, "frame": 2}])
    page.evaluate("(rest) => { host.begin(); host.send({ film: 4 }, rest); host.view(); }", rest)
    page.wait_for_selector(".mcviz[data-frame='2']")
    assert page.get_by_role("slider", name="Step of training").get_attribute("aria-valuemax") == "3"
    page.evaluate("host.tell('frame', 3)")
    page.wait_for_selector(".mcviz[data-frame='3']")
