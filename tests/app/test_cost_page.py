"""The page of costs: what is on it is what the library computed, whatever the link asks for."""

import json

import pytest

import mcviz
from app import runs
from mcviz import figures, link, tradeoff, watch
from mcviz.tradeoff import LIMITS, PAPER, Setting, game
from tests.app.test_pages import in_link, opened, sharing, titles, words

needs_models = pytest.mark.skipif(not watch.available(), reason="trained runs need PyTorch")


def tables(page):
    """Every table on the page, as columns."""
    return [
        {shown(name): [*map(shown, cells)] for name, cells in table.value.to_dict("list").items()}
        for table in page.table
    ]


def shown(text):
    """What a reader sees of it."""
    return text.replace("\\", "")


def press(page, label):
    """The page after the button called `label` was pressed."""
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def test_it_opens_on_a_setting_of_the_paper():
    page = opened("cost")
    ledger, modelled, counted = tables(page)
    assert ledger == mcviz.words.ledger(Setting())
    assert modelled == mcviz.words.modelled(Setting())
    assert counted[""][-1] == "attention"
    assert all(sentence in words(page) for sentence in mcviz.words.pictured(Setting()))
    assert "The formulas give the same 32 numbers" in words(page)
    assert len(titles(page)) == 4
    for chart in page.get("plotly_chart"):
        assert json.loads(chart.proto.spec)["layout"]["paper_bgcolor"] == figures.CLEAR, "the page has a ground"
    assert [PAPER[0].name] == [page.sidebar.selectbox(key="preset").placeholder]


def test_sliders_move_the_numbers_and_the_link():
    page = opened("cost")
    for name, value in (("d", 256), ("L", 131072)):
        page.select_slider(key=f"choice:cost_{name}").set_value(value).run()
        assert in_link(page, f"cost_{name}") == str(value)
    page.sidebar.selectbox(key="choice:cost_memory").set_value("titans").run()
    page.select_slider(key="choice:cost_expansion").set_value(2).run()
    assert not page.exception
    setting = Setting(d=256, L=131072, memory="titans", expansion=2)
    assert tables(page)[0] == mcviz.words.ledger(setting)
    assert all(sentence in words(page) for sentence in mcviz.words.pictured(setting))


def test_a_length_is_typed():
    page = opened("cost")
    for name, value in (("L", 100_000), ("C", 100)):
        page.number_input(key=f"typed:cost_{name}").set_value(value).run()
        assert not page.exception
        assert in_link(page, f"cost_{name}") == str(value)
        assert page.select_slider(key=f"choice:cost_{name}").value == value
    assert tables(page)[0] == mcviz.words.ledger(Setting(L=100_000, C=100))
    page.select_slider(key="choice:cost_L").set_value(4096).run()
    assert page.number_input(key="typed:cost_L").value == 4096


def test_a_setting_of_the_paper_is_taken_whole():
    page = opened("cost", cost_k="7", cost_C="8", cost_memory="titans")
    page.sidebar.selectbox(key="preset").set_value(PAPER[3].name).run()
    assert not page.exception
    assert tables(page)[0] == mcviz.words.ledger(Setting(d=256, H=8, C=256, L=16384, k=7, memory="titans"))
    assert page.sidebar.selectbox(key="preset").placeholder == PAPER[3].name


@pytest.mark.parametrize("end", [0, 1])
def test_the_ends_of_what_is_allowed_have_a_page(end):
    chosen = {name: limits[end] for name, limits in LIMITS.items()}
    page = opened("cost", cost_memory="titans", **{f"cost_{name}": str(value) for name, value in chosen.items()})
    assert not page.error
    assert tables(page)[0] == mcviz.words.ledger(Setting(memory="titans", **chosen))


@pytest.mark.parametrize(("name", "value"), [("d", -1), ("L", 999_999_999), ("expansion", 0)])
def test_beyond_them_is_a_message_and_the_choice_stays(name, value):
    page = opened("cost", **{f"cost_{name}": str(value)})
    (error,) = page.error
    assert f"{name}: expected a whole number from" in error.value.replace("\\", "")
    assert in_link(page, f"cost_{name}") == str(value)


def test_a_mangled_link_says_so_and_the_page_is_there():
    page = opened("cost", cost_d="wide", cost_memory="vector", cost_Q="3")
    said = words(page)
    for part in ("cost_d: expected a whole number", "cost_memory: expected one of linear"):
        assert part in said
    assert "cost_Q" not in said  # not ours: it may be anybody's
    assert tables(page)[0] == mcviz.words.ledger(Setting())


def test_another_run_leaves_the_costs_alone():
    page = opened(run="topics", cost_d="48")
    page.selectbox(key="choice:run").set_value("needle").run()
    assert in_link(page, "cost_d") == "48"


def test_a_teacher_can_hide_the_controls():
    assert not opened("cost", hide="controls").sidebar.selectbox


@needs_models
def test_what_is_measured_is_shown_for_its_setting_alone(monkeypatch):
    from mcviz import bench

    asked = []

    def beside(setting):
        asked.append(setting)
        return {"none": bench.Timing(3.0, 0.25), "attention": bench.Timing(12.0, 1.0)}

    monkeypatch.setattr(bench, "beside", beside)
    page = opened("cost", cost_L="256")
    assert len(tables(page)) == 3
    press(page, "Measure now")
    assert asked == [Setting(L=256)]
    assert tables(page)[3] == {"": ["RNN", "attention"], "Milliseconds": ["3", "12"], "to attention": ["0.25×", "1×"]}
    page.select_slider(key="choice:cost_L").set_value(1024).run()
    assert len(tables(page)) == 3
    assert "was another setting" in words(page)


@needs_models
def test_what_would_take_too_long_is_said():
    page = press(opened("cost", cost_L="524288", cost_d="512"), "Measure now")
    assert "L: expected a sequence that takes one head at most" in words(page)
    assert tables(page)[0] == mcviz.words.ledger(Setting(L=524288, d=512))


def answer(page, play):
    """The page after `play` was chosen and given as an answer."""
    page.selectbox(key="game:kind").set_value(play.kind).run()
    page.selectbox(key=f"game:{play.kind}").set_value(play.name).run()
    return press(page, "Answer")


def test_the_game_is_played_to_its_end():
    known = runs.plays()
    page = opened("cost")
    worst = min(known, key=game.ROUNDS[0].recall)
    answer(page, worst)
    assert f"recall {game.ROUNDS[0].recall(worst):.1%}, less than 95%" in words(page)
    press(page, "Give up")
    expected = [game.attempt(worst, game.ROUNDS[0], known)]
    for asked in game.ROUNDS[1:]:
        right = next(iter(game.winners(asked, known)), None)
        expected.append(game.attempt(right, asked, known))
        if right is None:
            press(page, "No stored run reaches it")
        else:
            answer(page, right)
        assert page.success[0].value.replace("\\", "") == expected[-1].verdict.said
        press(page, "Next round")
    assert tables(page)[-1] == mcviz.words.tried(expected)
    assert page.success[0].value == f"{len(game.ROUNDS) - 1} of {len(game.ROUNDS)} rounds answered right at once."
    assert mcviz.words.won(known) in words(page)
    press(page, "Play again")
    assert game.ROUNDS[0].says in words(page)


def test_a_link_brings_the_game_back():
    known = runs.plays()
    page = press(answer(opened("cost"), known[0]), "Give up")
    page = press(page, "No stored run reaches it")
    link_ = in_link(page, "game")
    assert link_ == f"{game.word(known[0])} next nothing"
    again = opened("cost", game=link_)
    assert tables(again)[-1] == tables(page)[-1]
    assert f"Round 2 of {len(game.ROUNDS)}" in words(again)


def test_a_game_of_an_earlier_version_is_said_and_begins_anew():
    page = opened("cost", game="ssc.8.2 next nothing")
    assert not page.error
    assert any("a game of an earlier version" in said.value for said in page.info)
    assert f"Round 1 of {len(game.ROUNDS)}" in words(page)
    press(page, "No stored run reaches it")
    assert in_link(page, "game") == "nothing"


@pytest.mark.parametrize("said", ["ssc-1000-2", "<b>", "next " * 6, "next next next next next nothing"])
def test_a_game_that_cannot_be_read_is_said_and_begun_again(said):
    page = opened("cost", game=said)
    (error,) = page.error
    assert "game: expected next or one of nothing" in error.value.replace("\\", "")
    press(page, "Play again")
    assert not page.error
    assert f"Round 1 of {len(game.ROUNDS)}" in words(page)


def test_the_game_stays_when_something_else_is_run_and_is_not_handed_to_a_class():
    page = opened(run="topics", game="nothing")
    page.selectbox(key="choice:run").set_value("needle").run()
    assert in_link(page, "game") == "nothing"
    assert "game=" not in sharing(page).code[0].value
    next(button for button in page.button if "tour" in button.label).click().run()
    assert in_link(page, "game") == "nothing"


def test_the_fields_of_a_link_are_those_of_a_setting():
    assert {link.COST + name for name in vars(Setting())} <= set(link.fields())
    assert tradeoff.published(Setting()) == PAPER[0].name
