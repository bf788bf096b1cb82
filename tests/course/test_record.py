"""What is kept of a session: answers that passed are used, results are handed in and collected."""

import numpy as np
import pytest

from mcviz.course import exercises
from mcviz.course.exercises import detective, record


@pytest.fixture(autouse=True)
def fresh():
    record.clear()
    yield
    record.clear()


def right(M, k, v):
    return M + np.outer(v, k)


def test_an_answer_that_passed_is_used_and_named():
    assert exercises.write.yours is exercises.write.solution
    assert exercises.write.whose == "the course's write"
    exercises.write.check(lambda M, k, v: np.outer(v, k))
    assert exercises.write.yours is exercises.write.solution
    exercises.write.check(right)
    exercises.write.check(lambda M, k, v: np.outer(v, k))
    assert exercises.write.yours is right
    assert exercises.write.whose == "your write"


def test_results_add_up_over_sessions_and_count_a_session_once(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    exercises.write.check(lambda M, k, v: M)
    exercises.write.check(lambda M, k, v: ...)  # an empty stub is no attempt
    detective.case(2).accuse("axis")
    exercises.hand_in(path, "Ada")
    exercises.write.check(right)
    found = exercises.hand_in(path, "Ada")
    assert (found["write"].attempts, found["write"].passed) == (2, True)
    assert found["case_2"].passed
    monkeypatch.setattr(record, "_SESSION", "another")
    record.clear()
    exercises.write.check(lambda M, k, v: M)
    assert exercises.hand_in(path, "Ada")["write"].attempts == 3
    assert exercises.hand_in(path, "Ada")["write"].passed
    (row,) = exercises.collect([path], exercises.ALL)
    assert (row["who"], row["passed"], row["write"], row["grm"]) == ("Ada", "2", "✓ 3", "")


def test_a_file_of_results_is_not_overwritten_by_another_s(tmp_path):
    path = tmp_path / "results.json"
    exercises.hand_in(path, "Ada")
    with pytest.raises(ValueError, match="who: expected 'Ada'"):
        exercises.hand_in(path, "Bob")
    for text in (
        "{}",
        "[1]",
        "no JSON",
        '{"who": 3, "sessions": {}}',
        '{"who": "A", "sessions": {"a": {"write": {}}}}',
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match="path: expected a file of results"):
            exercises.hand_in(path, "Ada")
        assert path.read_text() == text


def test_solutions_can_be_hidden(monkeypatch):
    assert "<summary>Solution" in exercises.write._repr_html_()
    monkeypatch.setenv("MCVIZ_SOLUTIONS", "hidden")
    assert "<summary>Solution" not in exercises.write._repr_html_()
    assert "np.outer(v, k)" not in exercises.write._repr_html_()


def test_a_suite_catches_every_faulty_machine_and_spares_the_sound():
    tests = [exercises.ALL[name].solution for name in ("is_causal", "gates_are_shares", "holds_its_segment")]
    report = exercises.suite(*tests)
    assert not report.escaped
    assert not report.wronged
    assert all(any(marks[i] for marks in report.accused.values()) for i in range(3))
    lenient = exercises.suite(lambda run: True)
    assert len(lenient.escaped) == len(report.accused) - 3
    assert "Not caught: a boundary off by one" in repr(lenient)
    strict = exercises.suite(lambda run: run.nothing)
    assert len(strict.wronged) == 3
    assert "✗</span> caught" in strict._repr_html_()


def test_the_training_loop_s_first_step_is_that_of_the_library():
    """The exercise's loop and `mcviz.training` take the same step."""
    torch = pytest.importorskip("torch")
    from torch.nn.functional import cross_entropy

    built = exercises.fit.build(exercises.fit.seeded[0])
    tokens, targets, mask = built["batches"][0]
    wanted = cross_entropy(built["model"](tokens)[mask], targets[mask]).item()
    losses = exercises.fit.solution(*built.values())
    assert losses[0] == pytest.approx(wanted, rel=1e-12)
    assert torch.isfinite(torch.tensor(losses)).all()
