"""Exercises: each accepts its solution, refuses wrong answers, and says something useful each time."""

import ast

import numpy as np
import pytest

from mcviz.course import exercises
from mcviz.course.exercises import Unsolved, detective
from mcviz.course.exercises import exercise as searching
from mcviz.course.exercises.verdict import show
from mcviz.reference import memory_caching

ALL = list(exercises.ALL.values())
names = [exercise.name for exercise in ALL]
pytestmark = pytest.mark.usefixtures("unchecked")  # students may return anything


def slip_number(exercise, slip):
    return exercise.slips.index(slip)


SLIPS = [(exercise, slip) for exercise in ALL for slip in exercise.slips]


@pytest.mark.parametrize("exercise", ALL, ids=names)
def test_the_solution_passes_as_it_stands_behind_the_fold(exercise, monkeypatch):
    monkeypatch.setattr(searching, "TRIALS", 20)  # text that is the solution: more cases find no more
    notebook = {"np": np}
    exec(exercise.source, notebook)
    assert exercise.check(notebook[exercise.name]).passed


@pytest.mark.parametrize(("exercise", "slip"), SLIPS, ids=[f"{e.name}-{slip_number(e, s)}" for e, s in SLIPS])
def test_a_slip_is_wrong_and_told_from_all_others(exercise, slip):
    failing = next((case for case in exercise.seeded if exercise.attempt(slip.answer, case).differs), None)
    assert failing is not None
    assert exercise.recognise(slip.answer, failing) == slip.says


@pytest.mark.parametrize("exercise", ALL, ids=names)
def test_a_slip_is_recognised_and_shown(exercise):
    slip = exercise.slips[0]
    verdict = exercise.check(slip.answer)
    assert not verdict.passed
    assert verdict.says == slip.says
    assert verdict.differs
    for shown in (repr(verdict), verdict._repr_html_()):
        assert "expected" in shown
        assert "got" in shown


@pytest.mark.parametrize("exercise", ALL, ids=names)
def test_at_least_three_slips_with_different_words(exercise):
    assert len({slip.says for slip in exercise.slips}) >= 3


@pytest.mark.parametrize("name", ["write", "cuts", "frugal_read", "grm"])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda *given: None, "is a `return` missing?"),
        (lambda *given: "forty-two", "expected"),
        (lambda *given: np.zeros((7, 7, 7)), "expected"),
        (lambda *given: given[99], "IndexError"),
        (lambda: 0, "TypeError"),
    ],
    ids=["nothing", "text", "another shape", "an error", "no arguments"],
)
def test_any_other_wrong_answer_gets_a_reason(name, answer, said):
    verdict = exercises.ALL[name].check(answer)
    assert not verdict.passed
    assert said in verdict.says


@pytest.mark.parametrize("exercise", ALL, ids=names)
def test_an_empty_stub_is_unsolved(exercise):
    def gives_up(*given):
        raise NotImplementedError

    for stub in (lambda *given: ..., gives_up, ...):
        verdict = exercise.check(stub)
        assert isinstance(verdict, Unsolved)
        assert not verdict
        assert f"Write `{exercise.name}`" in repr(verdict)
        assert "yours to solve" in verdict._repr_html_()
        assert f"Write <code>{exercise.name}</code>" in verdict._repr_html_()


def test_what_is_no_function_is_named():
    with pytest.raises(ValueError, match="expected the function `write` itself, got int"):
        exercises.write.check(3)


@pytest.mark.parametrize("exercise", ALL, ids=names)
def test_the_card_folds_the_solution_away(exercise):
    card = exercise._repr_html_()
    assert card.count("<details>") == len(exercise.hints) + 1
    assert card.index("<summary>Solution") > card.index(f"<summary>Hint {len(exercise.hints)}")
    assert f"{exercise.minutes} minutes" in card
    assert "★" in card
    ast.parse(exercise.source)
    with pytest.raises(ValueError, match="level: expected a hint from 1"):
        exercise.hint(99)


def test_the_counter_example_is_small():
    """What shrinks to one number is shown as one number."""
    case = exercises.write.check(lambda M, k, v: np.outer(v, k)).case
    assert [array.size for array in case.values()] == [1, 1, 1]
    assert np.abs(case["M"]).sum() == 1


@pytest.mark.parametrize(
    ("exercise", "wrong_from"),
    [("grm", 3), ("running_contexts", 3), ("attention", 3), ("chunked", 3)],
)
def test_the_stepper_opens_at_the_first_token_that_goes_wrong(exercise, wrong_from):
    exercise = exercises.ALL[exercise]

    def late(*given):
        y = exercise.solution(*given)
        return np.where(np.arange(len(y))[:, None] >= wrong_from, y + 1, y)

    verdict = exercise.check(late)
    assert verdict.token == wrong_from
    assert wrong_from + 1 == verdict.trace.T


@pytest.mark.parametrize("name", ["grm", "attention", "chunked"])
def test_the_run_that_is_shown_has_the_expected_outputs(name):
    exercise = exercises.ALL[name]
    for case in exercise.seeded:
        found, wanted = exercise.trace(case).output[:, 0], exercise.solution(*case.values())
        # a sum of many terms, none much larger than the largest output
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


def test_the_run_that_is_shown_keeps_the_expected_checkpoints():
    for case in exercises.checkpoints.seeded:
        kept = [state["M"][0] for state in exercises.checkpoints.trace(case).checkpoints]
        wanted = np.array(exercises.checkpoints.solution(*case.values()))
        np.testing.assert_allclose(kept, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


def test_reads_are_counted_and_compared():
    def all_of_them(cache, q, weights):
        return sum(w * cache.read(i, q) for i, w in enumerate(weights))

    thrifty = exercises.frugal_read.check(exercises.frugal_read.solution)
    spendthrift = exercises.frugal_read.check(all_of_them)
    assert thrifty.passed
    assert spendthrift.passed
    assert "3 reads per token" in thrifty.cost
    assert "No answer needs fewer" in thrifty.cost
    assert "fewer" in spendthrift.cost
    assert "7.67 reads per token" in spendthrift.cost


def test_what_is_right_stays_right_whatever_becomes_of_a_verdict():
    """The solution runs once on each seeded case; what is handed out of it is a copy."""
    case = exercises.write.seeded[0]
    first = exercises.write.attempt(lambda M, k, v: M, case)
    wanted = exercises.write.solution(*case.values())
    np.testing.assert_array_equal(first.expected, wanted)
    first.expected[:] = 0
    np.testing.assert_array_equal(exercises.write.attempt(lambda M, k, v: M, case).expected, wanted)


def test_markup_in_an_answer_is_shown_as_text():
    verdict = exercises.cuts.check(lambda T, C: "<script>alert(1)</script>")
    assert "<script>" not in verdict._repr_html_()
    assert show(ValueError("<b>")) == "ValueError: <b>"


def test_a_machine_with_its_own_parts_is_the_reference():
    q, k, v, u = detective.inputs(3)
    cfg = detective.case(1).cfg
    wanted = memory_caching(*(array[:, None] for array in (q, k, v, u)), cfg)
    sound = detective.Machine().run(q, k, v, u, cfg)
    np.testing.assert_allclose(sound.output, wanted.output, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(sound.weights, wanted.weights, rtol=1e-12)
    for one, other in zip(sound.checkpoints, wanted.checkpoints, strict=True):
        np.testing.assert_allclose(one["M"], other["M"], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("number", [2, 3, 5])
@pytest.mark.parametrize("changed", [20, 119])
def test_a_case_changes_the_input_and_nothing_else(number, changed):
    """Cases start from one run of the reference: what comes is what their machine makes of the changed input itself."""
    case = detective.case(number)
    q, k, v, u = detective.inputs(1)
    v[changed] = -v[changed] + 1
    wanted, found = case.machine.run(q, k, v, u, case.cfg), case.run(changed=changed)
    for name in ("v", "scores", "weights", "reads", "output"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    for one, other in zip(found.checkpoints, wanted.checkpoints, strict=True):
        np.testing.assert_array_equal(one["M"], other["M"])
    assert (found.tokens, found.sources) == (case.trace.tokens, case.trace.sources)
    np.testing.assert_array_equal(case.trace.v[:, 0], detective.inputs(1)[2])  # and the next one starts from the first


@pytest.mark.parametrize("number", range(1, 6))
def test_every_case_has_one_culprit_and_shows(number):
    case = detective.case(number)
    verdicts = {name: case.accuse(name) for name in detective.SUSPECTS}
    assert sum(verdict.passed for verdict in verdicts.values()) == 1
    assert len({verdict.says for verdict in verdicts.values()}) == len(verdicts)
    sound = detective.Machine().run(*detective.inputs(1), case.cfg)
    assert not np.allclose(case.trace.output, sound.output)


def test_each_suspect_sits_in_one_case():
    assert sorted(detective.case(n).culprit for n in range(1, 6)) == sorted(detective.SUSPECTS)


def test_the_symptoms_are_there_and_nowhere_else():
    """What each culprit's picture shows, measured on every case: only the culprit's own case shows it."""
    for number in range(1, 6):
        case = detective.case(number)
        trace = case.trace
        memories = np.stack([state["M"] for state in trace.checkpoints])
        moved = np.abs(case.run(changed=20).output - trace.output).max((1, 2))
        again = np.stack([state["M"] for state in case.run(seed=2).checkpoints])
        end = trace.segments[-1][1]
        ends, before = (
            np.abs(case.run(changed=t).checkpoints[-1]["M"] - memories[-1]).max() for t in (end - 1, end - 2)
        )
        symptoms = {
            "alias": bool((memories == memories[0]).all()),
            "leak": bool(moved[:20].any()),
            "stale": bool((again == memories).all()),
            "axis": not np.allclose(trace.weights.sum(-1), 1),
            "boundary": bool(ends == 0 < before),
        }
        assert [name for name, shown in symptoms.items() if shown] == [case.culprit]


def test_a_true_leak_is_not_denied():
    """Aliased checkpoints hold the future: that is a leak, and a consequence."""
    case = detective.case(1)
    assert case.culprit == "alias"
    moved = np.abs(case.run(changed=115).output - case.trace.output).max((1, 2))
    assert moved[16] > 0
    said = case.accuse("leak").says
    assert "That is what happens here, and not why" in said
    assert "in the output of token 16" in said
    for number in range(1, 6):
        other = detective.case(number)
        truly = [name for name, evidence in detective.EVIDENCE.items() if evidence(other)[1]]
        assert truly == (["leak", "alias"] if number == 1 else [other.culprit])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: detective.case(6), "number: expected a case from 1 to 5, got 6"),
        (lambda: detective.case(1).accuse("gremlins"), "suspect: expected one of boundary"),
        (lambda: detective.case(1).run(changed=1000), "changed: expected a token from 0"),
    ],
)
def test_what_a_detective_cannot_ask(call, said):
    with pytest.raises(ValueError, match=said):
        call()
