"""The page on which a reader trains a model. What trains is a process of its own: here, one that a test plays."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import desk as shared
from app import runs, serve
from app.desk import FRAMES
from app.views.train import TITLES
from mcviz import watch, zoo
from mcviz.film import FILMS, names
from mcviz.order import Order
from mcviz.stepper.film import identity
from mcviz.stepper.payload import unpack
from mcviz.studio import Desk
from mcviz.studio.process import DONE, PAUSED
from tests.app.test_pages import in_link, opened, place, press, sharing, words
from tests.stepper.films import film
from tests.studio.test_desk import Fake

pytestmark = pytest.mark.skipif(not watch.available("pytorch"), reason="training needs PyTorch")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A desk in the place of the server's, whose clock the test turns, and whose processes do as it says."""
    processes = []

    def start(folder: Path) -> Fake:
        processes.append(Fake())
        return processes[-1]

    made = Desk(tmp_path / "trainings", 1, tick=3600, start=start)
    made.processes = processes
    monkeypatch.setattr(shared, "desk", lambda: made)
    monkeypatch.setattr("app.views.train.desk", lambda: made)
    yield made
    made.end()


def labels(page):
    """What can be pressed."""
    return [button.label for button in page.button]


def frames(page):
    """The steps of training of the film that the page sends, and its name; None where there is none."""
    films = parts(page)
    return max((each["steps"], each["id"]) for each in films) if films else None


def parts(page):
    """What the page sends of a film, part by part."""
    sent = [unpack(part.proto.bytes)[0] for part in page.get("bidi_component") if part.proto.bytes]
    return [header["film"] for header in sent if header.get("film")]


def pair(page):
    """The two runs that the page sends side by side."""
    sent = [unpack(part.proto.bytes)[0] for part in page.get("bidi_component") if part.proto.bytes]
    return next([run["hash"] for run in header["runs"]] for header in sent if header["difference"])


needs_films = pytest.mark.skipif(not names(), reason="no film is here")


@needs_films
def test_films_that_ship_are_shown_until_the_reader_trains(desk, monkeypatch):
    monkeypatch.setattr(runs, "film", lambda name: film())
    page = opened("train")
    assert FILMS[in_link(page, "film")].sentence in words(page)
    assert frames(page)[0] == [0, 267, 533, 800]
    page.selectbox(key="choice:film").select(names()[-1]).run()
    assert in_link(page, "film") == names()[-1]
    assert FILMS[names()[-1]].sentence in words(page)
    press(page, "Train")
    page.run()
    assert "film" not in page.query_params
    assert frames(page) is None


@needs_films
def test_frames_of_two_films_stand_beside_each_other_at_one_step(desk, monkeypatch):
    first, second, third = names()[:3]
    reels = {first: film(frames=4), second: film(frames=3), third: film("needle-grm", 2)}
    for made in ("film", "reel"):
        monkeypatch.setattr(runs, made, lambda name: reels.get(name, reels[third]))
    page = opened("train", film=first)
    page.session_state["two"] = True
    page.run()
    other = page.selectbox(key="two:film")
    assert other.options == ["this film", TITLES[second]], "the film of another sequence cannot stand beside it"
    assert pair(page) == [reels[first].frames[0].trace.hash, reels[first].frames[-1].trace.hash]
    other.select(second).run()
    assert pair(page) == [reels[first].frames[-1].trace.hash, reels[second].frames[-1].trace.hash]
    page.select_slider(key=f"two:step:{first}:{second}").set_value(533).run()
    assert not page.exception
    assert pair(page) == [reels[first].frames[2].trace.hash, reels[second].frames[1].trace.hash]
    assert "on the left is step 533, on the right 400." in words(page)


@needs_films
def test_where_pytorch_is_not_films_are_still_shown(desk, monkeypatch):
    monkeypatch.setattr(runs, "film", lambda name: film())
    monkeypatch.setattr(watch, "available", lambda backend: backend == "numpy")
    page = opened("train")
    assert "Films only" in words(page)
    assert "Training needs PyTorch, which is not installed here" in page.info[0].value
    assert not page.button
    assert frames(page)[0] == [0, 267, 533, 800]


def test_every_film_that_ships_has_a_title():
    assert set(TITLES) == {"", *FILMS}


def test_the_reader_orders_what_the_controls_say(desk):
    page = opened("train", train_task="mqar", train_top_k="3", train_rate="0.002", train_steps="90")
    assert "It takes about a minute." in words(page)
    press(page, "Train")
    name = in_link(page, "training")
    assert desk.order(name) == Order("mqar", top_k=3, rate="0.002", steps=90)
    assert "It starts" in words(page)
    assert labels(page) == ["Pause", "Stop"]


def test_the_picture_follows_the_training(desk):
    page = opened("train", train_steps="800")
    press(page, "Train")
    places = desk.trainings[in_link(page, "training")].places
    assert frames(page) is None
    film().until(300).save(places.film)
    page.run()
    assert frames(page) == ([0, 267], identity(film()))
    assert "Training." in words(page)
    assert f'"live":"{FRAMES}/{in_link(page, "training")}"' in place(page).replace(" ", "")
    film().save(places.film)
    page.run()
    assert frames(page)[0] == [0, 267, 533, 800]
    assert '"frame":-1' in place(page).replace(" ", "")


def test_frames_that_stay_are_brought_once_and_the_newest_by_the_clock(desk, monkeypatch):
    page = opened("train")
    press(page, "Train")
    places, brought = desk.trainings[in_link(page, "training")].places, []
    monkeypatch.setattr("app.views.train.bring_film", lambda film, key: brought.append(len(film.frames)))
    grown = film(frames=12)
    for count, there in ((8, [(0, 7), (7, 8)]), (12, [(8, 11), (11, 12)]), (7, [(0, 6), (6, 7)])):
        replace(grown, frames=grown.frames[:count]).save(places.film)
        page.run()
        assert not page.exception
        assert [(part["first"], len(part["steps"])) for part in parts(page)] == there
    assert brought == [12]


def test_who_looks_on_gets_the_frames_from_the_one_that_they_name(desk, monkeypatch):
    monkeypatch.setattr("app.serve.desk", lambda: desk)
    name = desk.take(Order(), lambda: True)

    def sent(first, of=name):
        return serve.frames(SimpleNamespace(path_params={"name": of, "first": first}))

    assert sent(0).status_code == 404  # none is there yet
    assert sent(0, "of-nobody").status_code == 404
    film().save(desk.trainings[name].places.film)
    for asked, first in ((0, 0), (2, 2), (99, 3)):
        header = unpack(sent(asked).body)[0]
        assert header["film"]["id"] == identity(film())
        assert header["film"]["first"] == first
        assert header["film"]["steps"] == [0, 267, 533, 800]
        assert len(header["runs"]) == 4 - first


def test_pause_go_on_and_stop(desk):
    page = opened("train")
    press(page, "Train")
    press(page, "Pause")
    assert "It saves what it has learned." in words(page)
    desk.processes[0].ended = PAUSED
    desk._turn(0.1)
    page.run()
    assert "Paused." in words(page)
    assert labels(page) == ["Go on", "Stop"]
    press(page, "Go on")
    assert len(desk.processes) == 2
    press(page, "Stop")
    desk.processes[1].ended = PAUSED
    desk._turn(0.1)
    page.run()
    assert "Stopped." in words(page)
    assert labels(page)[0] == "Train another"


def test_a_training_that_was_killed_goes_on_where_the_reader_says_so(desk):
    page = opened("train")
    press(page, "Train")
    desk.processes[0].ended = -9
    desk._turn(0.1)
    page.run()
    assert "goes on from there. Why: its process was ended from outside." in words(page)
    press(page, "Go on")
    assert len(desk.processes) == 2
    assert labels(page) == ["Pause", "Stop"]


def test_nothing_is_lost_on_reload_and_only_who_has_the_link_gets_there(desk):
    page = opened("train")
    press(page, "Train")
    name = in_link(page, "training")
    again = opened("train", training=name)
    assert labels(again) == ["Pause", "Stop"]
    stranger = opened("train")
    assert labels(stranger) == ["Train"]
    gone = opened("train", training="of-long-ago", train_steps="90")
    assert "is not on this server any more" in words(gone)
    assert gone.number_input(key="typed:train_steps").value == 90


def test_who_comes_while_the_cores_are_busy_is_told_how_many_come_first(desk):
    press(opened("train"), "Train")
    second = opened("train")
    press(second, "Train")
    assert "The cores of this machine are busy: 1 training comes before yours, which begins by itself." in words(second)


@needs_films
def test_who_waits_for_their_turn_watches_a_film_that_ships_until_it_comes(desk, monkeypatch):
    monkeypatch.setattr(runs, "film", lambda name: film())
    other = desk.take(Order(), lambda: True)
    page = opened("train")
    press(page, "Train")
    assert "1 training comes before yours" in words(page)
    assert frames(page)[0] == [0, 267, 533, 800]
    page.selectbox(key="choice:film").select(names()[-1]).run()
    desk.stop(other)
    desk.processes[0].ended = PAUSED
    desk._turn(0.1)
    page.run()
    assert "It starts" in words(page)
    assert frames(page) is None
    film().until(300).save(desk.trainings[in_link(page, "training")].places.film)
    page.run()
    assert frames(page) == ([0, 267], identity(film()))
    assert "film" not in page.query_params


def test_of_ten_who_train_at_once_the_last_is_told_that_nine_come_first(desk):
    others = [desk.take(Order(seed=seed), lambda: True) for seed in range(9)]
    page = opened("train")
    press(page, "Train")
    assert "9 trainings come before yours, which begins by itself." in words(page)
    for name in others[5:]:
        desk.stop(name)
    page.run()
    assert "5 trainings come before yours, which begins by itself." in words(page)


def test_what_cannot_be_trained_is_one_sentence(desk):
    page = opened("train", train_steps="1000000", train_aggregator="grm")
    assert "train_steps: expected a whole number from 10 to 3,000, got 1000000" in words(page)
    assert page.number_input(key="typed:train_steps").value == 800
    page.session_state.screen["train_top_k"] = 17
    press(page, "Train")
    assert "top_k: expected a whole number of checkpoints from 1 to 16, got 17" in words(page)
    assert not desk.trainings
    page.session_state.screen["train_top_k"] = 16
    press(page, "Train")
    assert len(desk.trainings) == 1


def test_a_model_that_was_trained_is_run_like_one_that_ships(desk):
    page = opened("train")
    press(page, "Train")
    name = in_link(page, "training")
    places = desk.trainings[name].places
    film().save(places.film)
    for end in (".json", ".safetensors"):
        shutil.copy(zoo.SHIPPED / f"topics-ssc{end}", places.folder)
    desk.processes[0].ended = DONE
    desk._turn(0.1)
    page.run()
    assert labels(page) == ["Train another", "Keep it, and explore it", "Compare it"]
    assert len(desk.archive(name)) > 10_000
    own = shared.OWN + name
    watch.lend(own, places.folder, "topics-ssc")
    there = opened("explore", v="1", run=own, mine=own)
    assert "topics-ssc, yours, trained" in words(there)
    assert own in there.selectbox(key="choice:run").options or any(
        "yours" in o for o in there.selectbox(key="choice:run").options
    )
    beside = opened("compare", v="1", run="topics-ssc", b_run=own)
    assert not beside.error
    desk.drop(name)
    assert not watch.known(own)


class Fickle:
    """A desk that drops a training just before somebody asks it for the `last` time, as one does that makes room."""

    def __init__(self, desk, name, last):
        self.desk, self.name, self.left = desk, name, last

    def __getattr__(self, asked):
        self.left -= 1
        if not self.left:
            self.desk.drop(self.name)
        return getattr(self.desk, asked)


def test_a_training_may_be_dropped_at_any_moment_while_its_page_is_drawn(desk, monkeypatch):
    asked = 0
    while True:
        name = desk.take(Order(), lambda: True)
        film().save(desk.trainings[name].places.film)
        desk.processes[-1].ended = DONE
        desk._turn(0.1)
        asked += 1
        fickle = Fickle(desk, name, asked)
        monkeypatch.setattr(shared, "desk", lambda fickle=fickle: fickle)
        monkeypatch.setattr("app.views.train.desk", lambda fickle=fickle: fickle)
        opened("train", training=name)  # which says nothing that Python raised
        if desk.knows(name):
            break  # nobody asked so often
    assert asked > 5


def test_a_training_may_be_dropped_before_its_reader_presses(desk):
    page = opened("train")
    press(page, "Train")
    desk.processes[0].ended = PAUSED
    desk._turn(0.1)
    page.run()
    desk.drop(in_link(page, "training"))
    press(page, "Go on")
    assert "is not on this server any more" in words(page)
    assert labels(page) == ["Train"]


def test_a_link_that_hides_answers_shows_no_film(desk):
    page = opened("train", hide="answers")
    assert not page.button
    assert "this link hides answers" in page.info[0].value


def test_a_link_for_a_class_leaves_out_what_is_the_readers_own(desk):
    page = opened("explore", v="1", training="mine-alone", mine="own-mine-alone", train_task="mqar")
    shared_link = next(code.value for code in sharing(page).code if "train_task=mqar" in code.value)
    assert "mine-alone" not in shared_link
    assert in_link(page, "training") == "mine-alone"
