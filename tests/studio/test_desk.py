import errno
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mcviz import files
from mcviz.film import Film
from mcviz.order import Order
from mcviz.studio import Desk
from mcviz.studio.__main__ import carry_out
from mcviz.studio.now import Now, write
from mcviz.studio.places import Places
from mcviz.studio.process import DONE, FULL, PAUSED, Process
from mcviz.zoo import read
from tests.stepper.films import film

ORDER = Order(steps=12)


class Fake:
    """A process that does what a test says."""

    def __init__(self) -> None:
        self.ended, self.closed, self.said = None, False, "it is ill"

    def close(self) -> None:
        self.closed = True

    def kill(self) -> None:
        self.closed, self.ended = True, -9


@pytest.fixture
def desk(tmp_path):
    """A desk for one training at once, whose clock the test turns: `desk._turn(seconds)`."""

    processes = []

    def start(folder: Path) -> Fake:
        processes.append(Fake())
        return processes[-1]

    made = Desk(tmp_path / "trainings", 1, most=3, seconds=60, patience=0.0, tick=3600, start=start)
    made.processes = processes
    yield made
    made.end()
    assert all(process.closed for process in made.processes)


def there() -> bool:
    return True


def away() -> bool:
    return False


def test_one_trains_and_the_others_wait_in_line(desk):
    first, second, third = (desk.take(ORDER, there) for _ in range(3))
    assert [desk.state(name)[:2] for name in (first, second, third)] == [
        ("training", 0),
        ("waiting", 1),
        ("waiting", 2),
    ]
    desk.processes[0].ended = DONE
    desk._turn(0.1)
    assert [desk.state(name)[:2] for name in (first, second, third)] == [("done", 0), ("training", 0), ("waiting", 1)]
    assert len(desk.processes) == 2


def test_a_training_pauses_goes_on_and_stops(desk):
    name = desk.take(ORDER, there)
    desk.pause(name)
    assert desk.processes[0].closed
    assert desk.state(name).status == "pausing"
    desk.processes[0].ended = PAUSED
    desk._turn(0.1)
    assert desk.state(name).status == "paused"
    desk.go_on(name)
    assert desk.state(name).status == "training"
    assert len(desk.processes) == 2
    desk.stop(name)
    desk.processes[1].ended = PAUSED
    desk._turn(0.1)
    assert desk.state(name).status == "stopped"
    desk.go_on(name)
    assert desk.state(name).status == "stopped"


def test_a_training_whose_page_is_gone_is_paused_and_waits_for_its_reader(desk):
    name, waits = desk.take(ORDER, there), desk.take(ORDER, there)
    for each in (name, waits):
        desk.state(each, away)
    time.sleep(0.001)
    desk._turn(0.1)
    assert desk.state(name).status == "pausing"
    assert desk.processes[0].closed
    assert desk.state(waits) == ("paused", 0, "its page was closed")
    desk.processes[0].ended = PAUSED
    desk._turn(0.1)
    assert desk.state(name) == ("paused", 0, "its page was closed")
    desk.state(name, there)
    desk.go_on(name)
    desk._turn(0.1)
    assert desk.state(name).status == "training"


def test_a_process_that_does_not_stop_is_ended(desk):
    name = desk.take(ORDER, there)
    desk.pause(name)
    time.sleep(0.001)
    desk._turn(0.1)
    desk._turn(0.1)
    assert desk.processes[0].ended == -9
    assert desk.state(name) == ("paused", 0, "")


def test_no_training_takes_more_than_its_time(desk):
    name = desk.take(ORDER, there)
    desk._turn(59)
    assert desk.state(name).status == "training"
    desk._turn(2)
    desk.processes[0].ended = PAUSED
    desk._turn(0.1)
    assert desk.state(name) == ("stopped", 0, "it had trained for 1 minutes, which is all that one may")


def test_a_training_that_fails_says_why(desk):
    name = desk.take(ORDER, there)
    desk.processes[0].ended = 2
    desk._turn(0.1)
    assert desk.state(name) == ("failed", 0, "it is ill")


def test_what_nobody_foresaw_about_one_training_is_the_end_of_that_one_alone(desk):
    """Whatever is raised: about a process that runs, about the page of one that waits, and about one that is begun."""

    def raises() -> bool:
        raise RuntimeError("no such session")

    name, waits, next_ = (desk.take(ORDER, there) for _ in range(3))
    desk.state(name, raises)
    desk.state(waits, raises)
    desk._turn(0.1)
    assert desk.state(name) == desk.state(waits) == ("failed", 0, "no such session")
    assert desk.processes[0].closed
    assert desk.state(next_).status == "training"
    desk.start = lambda _: raises()
    begun = desk.take(ORDER, there)
    desk.stop(next_)
    desk.processes[1].ended = PAUSED
    desk._turn(0.1)
    assert desk.state(begun) == ("failed", 0, "no such session")


def test_a_training_that_was_killed_can_go_on(desk):
    name = desk.take(ORDER, there)
    desk.processes[0].ended = -9
    desk._turn(0.1)
    assert desk.state(name) == ("paused", 0, "its process was ended from outside")
    desk.go_on(name)
    assert desk.state(name) == ("training", 0, "")
    desk.processes[1].ended = -9
    desk._turn(0.1)
    desk.stop(name)
    assert desk.state(name) == ("stopped", 0, ""), "that was the reader"


def test_a_full_disk_pauses_a_training_until_there_is_room(desk):
    name, next_ = desk.take(ORDER, there), desk.take(ORDER, there)
    desk.processes[0].ended = FULL
    desk._turn(0.1)
    assert desk.state(name) == ("paused", 0, "the disk of this server is full")
    assert desk.state(next_).status == "training"
    desk.go_on(name)
    assert desk.state(name) == ("waiting", 1, "")


def test_no_order_is_taken_where_it_cannot_be_written(desk, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "write", full)
    with pytest.raises(ValueError, match="room for the files of a training, but the disk of this server is full"):
        desk.take(ORDER, there)
    assert not desk.trainings
    assert not list(desk.folder.iterdir())


def test_what_is_kept_is_bounded_and_what_is_over_makes_room(desk):
    names = [desk.take(ORDER, there) for _ in range(3)]
    with pytest.raises(ValueError, match="expected room for one more training, but 3 are under way"):
        desk.take(ORDER, there)
    desk.stop(names[1])
    newest = desk.take(ORDER, there)
    assert not desk.knows(names[1])
    assert desk.knows(newest)
    assert sorted(path.name for path in desk.folder.iterdir()) == sorted([names[0], names[2], newest])


def test_of_a_training_that_is_gone_there_is_nothing_and_nothing_comes_of_steering_it(desk):
    name = desk.take(ORDER, there)
    desk.drop(name)
    for asked in (desk.order, desk.state, desk.film, desk.live):
        assert asked(name) is None
    assert desk.files(name) == {}
    for steer in (desk.pause, desk.go_on, desk.stop, desk.drop):
        steer(name)
    assert not desk.trainings


def test_a_film_that_grows_keeps_what_was_computed_of_its_frames(desk):
    name = desk.take(ORDER, there)
    path = desk.trainings[name].places.film
    assert desk.film(name) is None
    assert desk.live(name) is None
    film().until(300).save(path)
    young = desk.film(name)
    trace = young.frames[1].trace
    film().save(path)
    assert len(desk.film(name).frames) == 4
    assert desk.film(name).frames[1].trace is trace
    assert desk.film(name).hash == film().hash


def test_the_model_of_this_moment_is_the_newest_frame(desk):
    name = desk.take(ORDER, there)
    places = desk.trainings[name].places
    film().until(300).save(places.film)
    _, weights = read("topics-ssc")
    write(places.now, 301, weights)
    assert [frame.step for frame in desk.live(name).frames] == [0, 267], "a film that has grown is picture enough"
    live = desk.live(name)
    assert [frame.step for frame in live.frames] == [0, 267, 301]
    assert live.frames[-1].loss is None
    write(places.now, 200, weights)
    assert [frame.step for frame in desk.live(name).frames] == [0, 267], "it is older than the film"
    places.now.write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"now\.npz: expected weights of a training"):
        desk.live(name)


def test_the_picture_of_this_moment_is_what_the_reference_makes_of_the_weights():
    _, weights = read("topics-ssc")
    got, wanted = Now(film().scene, 301, weights).trace, film().scene.run(weights, 301)
    assert (got.title, got.tokens, got.sources, got.fact) == (wanted.title, wanted.tokens, wanted.sources, wanted.fact)
    for name in ("scores", "weights", "output"):
        np.testing.assert_allclose(getattr(got, name), getattr(wanted, name), rtol=1e-4, atol=1e-5, err_msg=name)
    chances = [trace.predictions.probabilities for trace in (got, wanted)]
    np.testing.assert_allclose(*chances, rtol=1e-4, atol=1e-5)


def wait(desk: Desk, name: str, *statuses: str) -> None:
    """Until a training stands so."""
    give_up = time.monotonic() + 300
    while desk.state(name).status not in statuses:
        assert time.monotonic() < give_up, (desk.state(name), statuses)
        time.sleep(0.05)


def test_a_process_is_killed_pauses_goes_on_and_leaves_what_a_training_in_one_go_leaves(tmp_path):
    """Whenever it was killed or paused, the film and the weights are those of `mcviz.training.train`."""
    from mcviz.training import plan, train

    desk = Desk(tmp_path / "trainings", 1, patience=300)
    try:
        name = desk.take(ORDER, there)
        while desk.film(name) is None:
            assert desk.state(name).status == "training", desk.state(name)
            time.sleep(0.05)
        with desk.lock:
            desk.trainings[name].process.child.kill()
        wait(desk, name, "paused", "failed")
        assert desk.state(name) == ("paused", 0, "its process was ended from outside")
        desk.go_on(name)
        desk.pause(name)
        wait(desk, name, "paused", "done", "failed")  # so few steps may be over before it hears
        desk.go_on(name)
        wait(desk, name, "done", "failed")
        assert desk.state(name) == ("done", 0, "")
        assert set(desk.files(name)) == {"topics-ssc.film", "topics-ssc.safetensors", "topics-ssc.json"}
        planned = plan(ORDER.task, ORDER.aggregator, ORDER.seed, **ORDER.settings)
        run = train(**vars(planned), film=tmp_path / "own.film", progress=False)
        assert Film.load(desk.files(name)["topics-ssc.film"]).hash == run.film.hash
        card, weights = read("topics-ssc", desk.trainings[name].places.folder)
        assert card.command == ORDER.command
        for key, tensor in run.model.state_dict().items():
            assert (weights[key] == tensor.numpy()).all()
    finally:
        desk.end()


def test_on_a_full_disk_the_last_good_state_stays_and_goes_on(tmp_path):
    """The system refuses files beyond some size: the first checkpoint has room, and a later one has none."""
    resource = pytest.importorskip("resource")
    from mcviz.training import plan, train

    places, open_ = Places(tmp_path / "full"), threading.Event()
    files.put(places.order, ORDER.to_json())
    least, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, most))
    try:
        assert carry_out(places, open_) == FULL
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (least, most))
    assert len(Film.load(places.film).frames) > 1
    assert sorted(path.name for path in places.folder.iterdir()) == [
        "now.npz",
        "order.json",
        "run.checkpoint",
        "run.film",
    ]
    assert carry_out(places, open_) == DONE
    planned = plan(ORDER.task, ORDER.aggregator, ORDER.seed, **ORDER.settings)
    assert (
        Film.load(places.film).hash
        == train(**vars(planned), watch=False, progress=False, film=tmp_path / "own").film.hash
    )


def test_a_process_whose_order_is_damaged_says_so(tmp_path):
    places = Places(tmp_path)
    places.order.write_text('{"task": "mqar"}')
    process = Process(tmp_path)
    try:
        assert process.child.wait(timeout=120) == 2
        assert process.said.startswith("order: expected what Order.to_json wrote")
        places.log.unlink()  # as who clears temporary files does
        assert process.said == ""
    finally:
        process.kill()
