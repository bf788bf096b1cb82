from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz.claims import VERDICTS, Claim, Comparison, Condition, Gap, Interval, Rise, judge
from mcviz.claims.finding import MISSING, decide

HOLDS, FAILS, OPEN = VERDICTS
A, B = {"task": "a"}, {"task": "b"}


def claim(*rule):
    return Claim("name", "family", "said", "where", "what", {"A": Condition(A), "B": Condition(B, "bits")}, rule)


def rows(a, b):
    return [
        *({"settings": B, "seed": seed, "bits": value, "accuracy": 9.0} for seed, value in reversed([*enumerate(b)])),
        *({"settings": A, "seed": seed, "accuracy": value} for seed, value in enumerate(a)),
        {"settings": {"task": "c"}, "seed": 0, "accuracy": 100.0, "bits": 100.0},
    ]


@given(st.floats(-2, 2), st.floats(0, 1), st.floats(0, 1), st.sampled_from("<≤="))
def test_a_verdict_says_where_all_that_is_likely_lies(middle, half, by, relation):
    low, high = middle - half, middle + half
    verdict = decide(Comparison("A", relation, "B", by), Interval(middle, low, high))

    def so(difference):
        return {"<": difference > by, "≤": difference >= -by, "=": -by <= difference <= by}[relation]

    inside = [so(low), so(high)]
    if relation == "=" and low < -by and high > by:
        assert verdict == OPEN
    else:
        assert verdict == (HOLDS if all(inside) else OPEN if any(inside) else FAILS)


def test_differences_pair_by_seed_whatever_the_order_of_the_rows():
    finding = judge(claim(Comparison("A", "<", "B", 0.0)), rows([0.1, 0.5, 0.9], [0.2, 0.6, 1.0]))
    assert finding.seeds == (0, 1, 2)
    assert finding.values == {"A": (0.1, 0.5, 0.9), "B": (0.2, 0.6, 1.0)}
    assert finding.steps[0].differences == pytest.approx([0.1, 0.1, 0.1])
    assert finding.verdict == HOLDS


def test_only_seeds_that_every_condition_has_count():
    finding = judge(claim(Comparison("A", "<", "B", 0.0)), rows([0.1, 0.5, 0.9], [0.2, 0.6]))
    assert finding.seeds == (0, 1)
    assert judge(claim(Comparison("A", "<", "B", 0.0)), rows([0.1, 0.5], [0.2])).verdict == MISSING
    assert judge(claim(Comparison("A", "<", "B", 0.0)), []).verdict == MISSING


def test_a_gap_is_taken_seed_by_seed():
    step = Comparison(Gap("A", "B"), "≤", 0.0, 0.1)
    finding = judge(claim(step), rows([0.5, 0.5, 0.9], [0.2, 0.6, 1.0]))
    assert finding.steps[0].differences == pytest.approx([-0.3, 0.1, 0.1])
    assert str(step) == "[A] - [B] does not exceed 0 by more than 0.1"
    with pytest.raises(ValueError, match="unknown: \\['C'\\]"):
        claim(Comparison(Gap("A", "C"), "<", 1.0, 0.0))


def test_gaps_rise_along_their_line_of_least_squares():
    """Seed by seed; the line through two gaps, or three, ends as much higher as the last one is."""
    one = replace(claim(Comparison("A", "<", "B", 0.0)), conditions={name: Condition({"on": name}) for name in "ABCDE"})
    gaps = tuple(Gap(name, "A") for name in "BCDE")
    step = Comparison(Rise(gaps), "≤", 0.0, 0.1)
    drawn = np.random.default_rng(0).random((5, 3))
    some = [
        {"settings": {"on": name}, "seed": seed, "accuracy": value}
        for name, values in zip("ABCDE", drawn, strict=True)
        for seed, value in enumerate(values)
    ]
    slopes = np.polyfit(range(4), drawn[1:] - drawn[0], 1)[0]
    assert judge(replace(one, rule=(step,)), some).steps[0].differences == pytest.approx(-3 * slopes)
    for n in (2, 3):
        found = judge(replace(one, rule=(Comparison(Rise(gaps[:n]), "≤", 0.0, 0.1),)), some)
        assert found.steps[0].interval.mean == pytest.approx(drawn[1].mean() - drawn[n].mean())
    assert str(step) == (
        "the rise from [B] - [A] to [E] - [A] along the line of least squares does not exceed 0 by more than 0.1"
    )


def test_a_claim_is_as_good_as_its_worst_step():
    holds, fails, opens = (Comparison("A", "<", 1.0, by) for by in (0.2, 0.9, 0.5))
    some = rows([0.4, 0.6], [0, 0])
    for rule, verdict in (((holds,), HOLDS), ((holds, opens), OPEN), ((opens, fails, holds), FAILS)):
        assert judge(claim(*rule), some).verdict == verdict


def test_a_side_may_be_a_number():
    finding = judge(claim(Comparison(0.5, "<", "B", 0.0)), rows([0, 0], [0.7, 0.9]))
    assert finding.steps[0].differences == pytest.approx([0.2, 0.4])


def test_a_rule_over_what_is_not_measured_is_refused():
    with pytest.raises(ValueError, match="name: expected a rule over A, B; unknown: \\['C'\\]"):
        claim(Comparison("A", "<", "C", 0.0))
    with pytest.raises(ValueError, match="expected a rule"):
        claim()


def test_a_comparison_says_what_it_asks():
    assert str(Comparison("A", "<", "B", 0.02)) == "A lies below B by more than 0.02"
    assert str(Comparison("A", "≤", 1.0, 0.0)) == "A does not exceed 1"
    assert str(Comparison("A", "=", "B", 0.5)) == "A equals B within 0.5"


def test_a_claim_is_open_where_its_control_does_not_hold():
    some = rows([0.4, 0.6], [0, 0])
    holds, fails, opens = (Comparison("A", "<", 1.0, by) for by in (0.2, 0.9, 0.5))
    for rule, control, verdict in (
        (holds, holds, HOLDS),
        (fails, holds, FAILS),
        (holds, fails, OPEN),
        (fails, opens, OPEN),
    ):
        finding = judge(replace(claim(rule), control=(control,)), some)
        assert finding.verdict == verdict
        assert [step.comparison for step in finding.control] == [control]
    with pytest.raises(ValueError, match="unknown: \\['C'\\]"):
        replace(claim(holds), control=(Comparison("C", "<", 1.0, 0.0),))
