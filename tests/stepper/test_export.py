"""Figures that a reader saves: what stands on the screen, without the toolbar, between a title and a caption."""

import base64
import re

import numpy as np
import pytest

from mcviz import MCConfig
from tests.stepper.examples import library
from tests.stepper.hosts import saved, shown

pytestmark = pytest.mark.browser

# Both at full size first: a drawing that is scaled is drawn anew. Then blocks of 8 by 8 pixels, which forgive where
# letters are smoothed, and nothing that is missing.
_COMPARE = """async ([drawing, screen, x, y]) => {
  const load = async (src) => {
    const image = new Image();
    image.src = src;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas;
  };
  const a = await load("data:image/svg+xml;charset=utf-8," + encodeURIComponent(drawing));
  const b = await load("data:image/png;base64," + screen);
  const [w, h] = [Math.floor(b.width / 8), Math.floor(b.height / 8)];
  const small = (image, left, top) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [w, h];
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, left, top, 8 * w, 8 * h, 0, 0, w, h);
    return context.getImageData(0, 0, w, h).data;
  };
  const [p, q] = [small(a, x, y), small(b, 0, 0)];
  const apart = Array.from({ length: w * h }, (_, i) => Math.max(...[0, 1, 2].map((c) => Math.abs(p[4 * i + c] - q[4 * i + c]))));
  const worst = apart.indexOf(Math.max(...apart));
  return { mean: apart.reduce((sum, d) => sum + d, 0) / (w * h), most: apart[worst], at: [8 * (worst % w), 8 * Math.floor(worst / w)] };
}"""  # noqa: E501


@pytest.fixture
def visit(window, tmp_path):
    def open_page(trace, other=None, at="#step=135", **how):
        trace.to_html(tmp_path / "run.html", other)
        page = window(offline=True, **how)
        page.goto((tmp_path / "run.html").as_uri() + at)
        shown(page)
        return page

    return open_page


CASES = {
    "ssc": (MCConfig(aggregator="ssc"), None, {}),
    "soup in the dark": (MCConfig(aggregator="soup"), None, {"scheme": "dark"}),
    "checkpoint, no gates": (MCConfig(aggregator="residual"), None, {"at": "#step=140&segment=2&head=1"}),
    "narrow": (MCConfig(aggregator="grm"), None, {"width": 390}),
    "one token a segment": (MCConfig(aggregator="grm", segment_length=1), None, {"width": 1024}),
    "two runs": (MCConfig(aggregator="ssc"), MCConfig(aggregator="grm"), {"scheme": "dark"}),
    "large": (MCConfig(aggregator="ssc"), None, {"at": "#step=135&present=1"}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_figure_is_what_stands_on_the_screen(visit, tmp_path, case):
    cfg, other, options = case
    page = visit(library(cfg), other and library(other), **options)
    if "present" in options.get("at", ""):  # its toolbar has no such buttons
        drawing = page.evaluate("stepper.figure()")
    else:
        drawing = saved(page, tmp_path / "view.svg", "SVG")[1].decode()
    page.mouse.move(2, 2)
    boxes = page.locator(".mcviz > :is(.difference, .views)").evaluate_all("""(nodes) =>
      nodes.map((node) => node.getBoundingClientRect())
        .map(({ x, y, right, bottom }) => [x, y + scrollY, right, bottom + scrollY])""")
    (left, top), (right, bottom) = np.min(boxes, 0)[:2].tolist(), np.max(boxes, 0)[2:].tolist()
    left, top = round(left), round(top)  # as a screen has it
    clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    screen = base64.b64encode(page.screenshot(clip=clip, full_page=True)).decode()
    x, y = map(float, re.search(r'class="drawn" transform="translate\((\S+) (\S+)\)"', drawing).groups())
    found = page.evaluate(_COMPARE, [drawing, screen, x, y])
    assert found["mean"] < 3, found
    assert found["most"] < 80, found


def test_a_figure_says_what_it_is(visit, tmp_path):
    trace = library()
    page = visit(trace)
    name, data = saved(page, tmp_path / "view.svg", "SVG")
    drawing = data.decode()
    texts = re.findall(r"<text[^>]*>([^<]*)<", drawing)
    assert name == "Topic-library-token-135.svg"
    assert texts[0] == "Topic library"
    assert texts[-1].startswith(f"Token 135 “{trace.tokens[135]}” of 144, head 0. ")
    assert trace.hash[:12] in texts[-1]
    assert "question" not in texts
    assert "oklab" not in drawing
    assert "oklch" not in drawing


def test_a_picture_is_twice_as_large(visit, tmp_path):
    _, data = saved(visit(library()), tmp_path / "view.png", "PNG")
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") > 2600
