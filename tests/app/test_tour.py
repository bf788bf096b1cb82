"""The tour: what each stop asks, shows and tells, and that it all is in the window."""

import json
import re
from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

import numpy as np
import pytest

from app import asking, tour
from app.tour import LENGTHS, STOPS
from mcviz import claims, link, watch, words
from mcviz.probes import interference
from mcviz.probes.fading import fading
from tests.app.test_pages import in_link, numbers, opened, place
from tests.app.test_pages import words as text
from tests.stepper.hosts import drawn, expect, shown, until

pytestmark = pytest.mark.skipif(tour.CACHED not in watch.names(), reason="no trained model is here")
SIZES = ((1366, 768), (1440, 900), (1920, 1080))
PHONE = (390, 844)
WIDER = "* { letter-spacing: 0.06em !important }"
"""Text an eighth as wide again, as a letter takes half of its height."""
LIT = {
    **{"tokens": ".tokens", "checkpoints": ".card .frame", "memories": ".memories .cards"},
    **{"gates": ".chart.gate", "output": ".mixture"},
}
"""What each name of a spotlight stands for."""
VEILED = {
    "marks": (".overview",),
    "answers": (".overview", ".answers", ".target"),
    "memories": (".card .name", ".card .frame", ".card .number.weight"),
    "gates": (".bar.gate", ".bar.score", ".number.weight", ".number.score", ".number.share", ".flow:not([hidden])"),
    "routes": (".layer", ".bar.gate", ".number.weight", ".card .name", ".flow:not([hidden])"),
}
"""What a stop that hides this does not show before it is answered, and then does."""


def address(stop, **changes):
    """The parameters of a stop, as the tour itself would set them."""
    at = STOPS.index(stop) + 1
    return link.write(link.defaults(stop.run) | dict(stop.choices) | {"tour": at} | changes)


def run(stop):
    """The run that a stop is about."""
    own = watch.config(stop.run)
    return watch.run(watch.Sitting(stop.run, replace(own, **stop.choices | dict(stop.reveals))))


def press(page, label):
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    assert not page.error


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.title)
def test_each_stop_asks_and_tells_what_its_run_shows(stop):
    page = opened(**address(stop))
    if stop.options:
        tells = stop.tells.split("{")[0].strip()
        assert not tells or tells not in text(page)
        for option in stop.options:
            assert any(button.label == option for button in page.button)
        press(page, stop.options[stop.answer])
        assert "Right." in text(page)
        assert in_link(page, "told") == str(stop.answer)
        wrong = stop.answer - 1
        said = text(opened(**address(stop, told=wrong % len(stop.options))))
        assert f"You said “{stop.options[wrong]}”; it is “{stop.options[stop.answer]}”." in said
        page = opened(**address(stop))
        press(page, "Show me")
        assert f"It is “{stop.options[stop.answer]}”." in text(page)
        assert tells in text(page)
    if not stop.picture or stop.picture == "dial":
        assert numbers(page)[0]["id"].startswith(run(stop).hash)


def asked(trace):
    """The question on screen: the first whose answer stands in an earlier segment."""
    return words.questions(trace)[0]


def test_the_right_options_are_right():
    by_title = {stop.title: stop for stop in STOPS}
    plain = run(by_title["A plain recurrent network"])
    assert words.accuracy(plain) == (6, 16)  # about a third
    alike = run(by_title["All memories alike"])
    assert words.accuracy(alike) == (0, 16)
    dial = run(by_title["The dial"])
    assert words.accuracy(dial) == (8, 16)  # half
    cached = run(by_title["The gate"])
    t = asked(cached)
    assert int(cached.weights[t, 0].argmax()) == 3
    assert int(cached.segment_of[t]) + 1 == 9
    assert words.unheard(cached, t) == (
        "The online memory has almost nothing for this query: gate 0.148, yet it adds about 0\u00a0%."
    )
    routed = run(by_title["A router"])
    assert int(routed.selected[asked(routed), 0].sum()) == 8 - 6
    forgets = fading(cached, cached.sources[t])
    assert cached.config.segment_length < forgets.lasts < 50
    assert forgets.likeness[0] == pytest.approx(1, abs=1e-5)


def test_a_stop_sets_everything_and_leaving_gives_back_what_the_reader_had():
    mine = {"run": "needle", "step": "7", "aggregator": "ssc", "segment_length": "12", "seed": "3"}
    page = opened(**mine)
    press(page, "Take the five-minute tour")
    for at, stop in enumerate(STOPS, start=1):
        assert stop.title in text(page)
        screen = link.read({name: in_link(page, name) for name in page.query_params})[0]
        assert screen == link.defaults(stop.run) | dict(stop.choices) | {"tour": at}
        if at < len(STOPS):
            press(page, "Next")
    press(page, "Leave the tour")
    for name, value in mine.items():
        assert in_link(page, name) == value
    assert "tour" not in page.query_params
    assert '"step":7' in place(page).replace(" ", "")


def test_the_dial_says_how_many_answers_are_right():
    stop = next(stop for stop in STOPS if stop.picture == "dial")
    page = opened(**address(stop))
    assert not page.button_group  # it would give the answer away
    press(page, stop.options[stop.answer])
    assert "8 of 16" in text(page)
    page.button_group(key="choice:segment_length").set_value(160).run()
    assert "**0 of 16" in text(page)
    bars = json.loads(page.get("plotly_chart")[0].proto.spec)["data"][0]
    assert bars["x"] == [str(length) for length in LENGTHS]
    assert list(map(int, bars["text"])) == [words.accuracy(turned(stop, length))[0] for length in LENGTHS]


def test_what_is_told_of_forgetting_is_on_the_slider_and_in_a_line():
    stop = next(stop for stop in STOPS if stop.picture == "fading")
    page = opened(**address(stop))
    assert page.slider[0].value == 1
    assert len(page.get("plotly_chart")) == 1  # the line would give the answer away
    press(page, stop.options[stop.answer])
    trace = run(stop)
    seen = fading(trace, trace.sources[asked(trace)])
    assert page.slider[0].value == seen.lasts + 1
    assert f"With {seen.lasts + 1} pairs" in text(page)
    document = trace.config.segment_length
    assert seen.lasts > document  # or a checkpoint would have lost it, too
    assert f"With {document}, as many as a document has, it was the nearest still" in text(page)
    assert f"(cosine {seen.likeness[document - 1]:.2f})" in text(page)
    followed = opened(**address(stop, run=tour.PLAIN, told=stop.answer))  # of the link of an older version
    assert f"With {seen.lasts + 1} pairs" in text(followed)
    drawn = [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]
    assert [one["layout"]["title"]["text"] for one in drawn][1] == "How much “vase” is left"
    page.slider[0].set_value(1).run()
    assert "nearest to “vase”" in text(page).replace("\\", "")


def test_numbers_that_seem_to_be_of_one_thing_say_of_what_they_are():
    at = {stop.title: stop for stop in STOPS}

    def told(title):
        return text(opened(**address(at[title], told=at[title].answer)))

    recall = interference.recall(run(at["Checkpoints"]))
    found = f"of the {len(recall.places)} facts that are asked for later, {recall.kept} come back right"
    assert found in told("Checkpoints")
    routed = run(at["A router"])
    t = words.questions(routed)[0]
    read = sum(row.taken or row.online for row in words.shelf(routed, t))
    assert f"it reads {read} where gates alone read {routed.segment_of[t] + 1}, " in told("A router")
    written = run(at["One write"])
    source = written.sources[words.questions(written)[0]]
    squared = float(np.square(written.k[source, 0]).sum())
    assert f"{squared:.3g} times as long, by the key’s length squared" in told("One write")
    right, of = words.accuracy(run(at["A plain recurrent network"]))
    assert f"the plain network ({right} of {of})" in told("All memories alike")
    alone = STOPS.index(at["A plain recurrent network"]) + 1
    assert f"those of stop {alone}, which learned with a single memory, answer {right} of {of}" in told("The dial")
    assert at["A router"].run == asking.MODEL  # the network of the first page
    assert f"that one returns at stop {STOPS.index(at['A router']) + 1}.)" in text(opened(**address(STOPS[0])))


def test_the_last_stop_says_what_as_much_memory_does_without_caching():
    bytes_, topics = claims.board(names=["frontier-bytes", "frontier-topics"])
    assert (topics.verdict, bytes_.verdict) == ("holds", "does not hold")
    plain, gated = (topics.intervals[label].mean for label in ("RNN, 48 × 30", "GRM, 16 × 8"))
    said = text(opened(**address(STOPS[-1])))
    assert f"Over {len(topics.seeds)} seeds, a plain layer that keeps as many bytes answers {plain:.1%} " in said
    assert f"one with checkpoints and gates {gated:.1%}" in said


def turned(stop, length):
    """The run of a stop with segments of that length."""
    return watch.run(watch.Sitting(stop.run, replace(watch.config(stop.run), segment_length=length)))


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.title)
def test_the_number_of_a_stop_is_enough_of_an_address(stop):
    number = {"tour": str(STOPS.index(stop) + 1)}
    assert link.read(tour.whole(number)) == link.read(address(stop))
    for more in {"told": "0"}, {"run": "needle"}, {"segment_length": "48"}:
        assert more.items() <= tour.whole(number | more).items()


@pytest.mark.parametrize("given", [{}, {"tour": "0"}, {"tour": "99"}, {"tour": "²"}, {"tour": "-1"}, {"run": "needle"}])
def test_any_other_address_is_left_alone(given):
    assert tour.whole(given) == given


@pytest.mark.browser
@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.title)
def test_what_a_stop_speaks_of_and_the_prediction_are_in_the_window(window, streamlit_server, stop):
    """In windows of every size, once the answer is told; on a telephone before that, too, and with wider text.

    What would give the answer away keeps its place until then.
    """
    page = window()
    places = []

    def check(told, sizes):
        page.set_viewport_size(viewport(sizes[0]))
        page.goto(f"{streamlit_server()}/?{urlencode(address(stop, told=told))}")
        page.get_by_role("heading", name=re.compile(f"^{STOPS.index(stop) + 1} of {len(STOPS)}")).wait_for()
        if stop.picture in ("write", "fading"):
            spoken = [".js-plotly-plot .heatmaplayer", ".js-plotly-plot .barlayer"]
            page.get_by_text("nearest to").wait_for()
        else:
            shown(page)
            spoken = [*filter(None, [LIT.get(stop.spotlight)]), ".prediction"]
        if stop.picture == "dial" and told >= 0:
            spoken.append("[data-testid=stButtonGroup]")
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        for what in VEILED.get(stop.hides, ()):
            states = page.locator(what).evaluate_all("nodes => nodes.map((node) => getComputedStyle(node).visibility)")
            assert (told < 0) == (set(states) == {"hidden"}), what
        if stop.hides:
            page.set_viewport_size(viewport(PHONE))
            until(page, lambda: page.locator(".mcviz").evaluate("root => root.clientWidth < innerWidth"))
            drawn(page)
            places.append(page.locator(".mcviz").evaluate(PLACES))
        if stop.title == "All memories alike":
            expect(page.locator(".labels")).to_contain_text("each counts fully")
        if stop.picture == "write":
            assert ("nearest to ?." in page.inner_text("body")) == (told < 0)
            opacity = page.locator(".barlayer .trace").first.locator("path").first.evaluate(DIM)
            assert (opacity == 0) == (told < 0)

        def seen(size, *more):
            for what in spoken:
                until(page, partial(page.locator(what).first.evaluate, SEEN), (told, size, what, *more))

        for size in sizes:
            page.set_viewport_size(viewport(size))
            seen(size)
        if stop.picture == "fading":  # on the telephone, what the bars are stands below what the matrix is
            until(page, lambda: page.locator(".js-plotly-plot").first.evaluate(APART), told)
        page.add_style_tag(content=WIDER)  # of the last one, the telephone
        seen(sizes[-1], "wider")

    if stop.options:
        check(-1, [PHONE])
    check(stop.answer, [*SIZES, PHONE])
    assert not places or places[0] == places[1]
    if stop is STOPS[-1]:
        page.get_by_role("button", name="Claims: is it the caching").click()
        page.get_by_role("heading", name="Do the numbers hold up?").wait_for()
        page.get_by_text("where segments are documents", exact=False).first.wait_for()


def viewport(size):
    return dict(zip(("width", "height"), size, strict=True))


DIM = "path => Number(getComputedStyle(path).opacity)"
APART = """figure => {
    const legend = figure.querySelector(".legend").getBoundingClientRect();
    return [...figure.querySelectorAll(".annotation-text")].every((text) => {
        const { left, top, right, bottom } = text.getBoundingClientRect();
        return bottom <= legend.top + 1 || top >= legend.bottom || right <= legend.left || left >= legend.right;
    });
}"""
"""Whether a figure's legend lies on none of its texts."""
PLACES = """root => [...root.querySelectorAll(".tokens, .memories, .output, .prediction, .answers")].map((part) => {
    const { y, height } = part.getBoundingClientRect();
    return height && [Math.round(y - root.getBoundingClientRect().top), Math.round(height)];
})"""
"""Where the parts of the stepper stand in it, and how high they are."""
SEEN = """node => {
    const { left, top, right, bottom, width, height } = node.getBoundingClientRect();
    if (!height || left < 0 || top < 0 || right > innerWidth + 1 || bottom > innerHeight) return false;
    return [0.1, 0.5, 0.9].every((share) => {
        let hit = document.elementFromPoint(left + width / 2, top + height * share);
        while (hit?.shadowRoot) {
            const inner = hit.shadowRoot.elementFromPoint(left + width / 2, top + height * share);
            if (!inner || inner === hit) break;
            hit = inner;
        }
        const host = node.closest(".mcviz, .js-plotly-plot, .stElementContainer, .st-key-stop");
        return Boolean(hit && host && (host.contains(hit) || hit.contains(host)));
    });
}"""
"""Whether an element stands in the window, and nothing lies over it: three places in it belong to what it stands in."""
