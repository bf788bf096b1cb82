"""Verdicts are told by marks."""

import re

import numpy as np
import pytest

from mcviz import claims, words


def test_every_verdict_has_a_mark_of_its_own():
    assert set(words.SIGNS) == {*claims.VERDICTS, claims.MISSING}
    assert len(set(words.SIGNS.values())) == len(words.SIGNS)


def test_verdicts_are_counted_in_a_sentence():
    found = [claims.MISSING, "holds", "does not hold", "holds", "holds"]
    assert words.verdicts(found) == "Of 5 claims, 3 hold, 1 does not hold and 1 was not run."
    assert words.verdicts(2 * claims.VERDICTS).startswith("Of 6 claims, 2 hold, 2 do not hold and 2 are not decidable")


BOARD = {finding.claim.name: finding.intervals for finding in claims.board()}


def test_what_the_frontier_says_are_means_of_its_claims():
    said = words.frontier_in_words(BOARD)
    numbers = [float(number) for sentence in said for number in re.findall(r"([\d.]+)%", sentence)]
    wanted = [
        *(BOARD["frontier-bytes"][f"GRM ({kept})"] for kept in ("486", "972", "1,944")),
        *(BOARD["frontier-bytes"][f"RNN ({kept})"] for kept in ("486", "972", "1,944")),
        *(BOARD["frontier-headline"][label] for label in ("GRM, 24 × 8", "RNN, 72 × 54")),
        *(BOARD["frontier-reads"][label] for label in ("SSC, k = 2", "RNN")),
        *(BOARD["frontier-grows"][label] for label in ("RNN ×4", "GRM ×4")),
        BOARD["frontier-longer-bytes"]["RNN ×4"],
        *(BOARD["frontier-longer-reads"][label] for label in ("SSC, k = 2 ×4", "RNN ×4")),
        *(BOARD[f"frontier-{name}"]["log-linear"] for name in ("fenwick", "fenwick-reads")),
        *(BOARD["frontier-topics"][label] for label in ("GRM, 16 × 8", "RNN, 48 × 30")),
    ]
    assert numbers == [pytest.approx(100 * mean, abs=0.05) for mean, _, _ in wanted]


def test_seeds_that_learned_in_part_are_told_with_the_median_of_all():
    values = {finding.claim.name: finding.values for finding in claims.board()}
    grm, ssc = values["frontier-bytes"]["GRM (1,944)"], values["frontier-reads"]["SSC, k = 2"]
    for sentence, recalls in zip(words.seeds_in_words(values), (grm, ssc), strict=True):
        worst, *_, best = sorted(recalls)
        assert worst < 0.8 * best, "one that is told"
        assert re.findall(r"([\d.]+%)", sentence) == [f"{worst:.1%}", f"{sorted(recalls)[2]:.1%}"]
    (two,) = words.seeds_in_words({"frontier-reads": {"SSC, k = 2": (0.9, 0.5, 0.91, 0.6, 0.92)}})
    assert two == (
        "Of 5 seeds of SSC, 2 learned the task only in part (50.0% and 60.0% of 24 pairs), and the median is 90.0%."
    )
    assert words.seeds_in_words({"frontier-reads": {"SSC, k = 2": (0.9, 0.91)}}) == []


def test_the_answer_is_that_of_the_verdicts():
    findings = {finding.claim.name: finding for finding in claims.board()}
    said = words.frontier_answer({name: finding.verdict for name, finding in findings.items()})
    assert said == (
        "With as many bytes kept, does caching with gates recall more than one larger memory? Of documents that a "
        "question names: yes; of pairs with an exact key: no; of needles in a haystack: no."
    )
    for name in words.claims.ASKED:
        # in each, the plain layer is to lie below the one that caches
        assert all(step.comparison.relation == "<" for step in findings[name].steps)
        assert all("RNN" in step.comparison.left and "GRM" in step.comparison.right for step in findings[name].steps)
    assert words.frontier_answer({"frontier-bytes": claims.MISSING}) == ""
    assert words.frontier_answer({"frontier-topics": claims.VERDICTS[2]}).endswith("names: not decided.")


def test_the_answer_stands_in_numbers_too():
    """As many bytes each, and the comparison that the claim decides last."""
    findings = {finding.claim.name: finding for finding in claims.board()}
    recalls = {name: finding.intervals for name, finding in findings.items()}
    apart = {name: finding.steps[-1].interval for name, finding in findings.items() if finding.steps}
    _, larger, cached, more = words.frontier_beside(recalls, apart).values()
    for row, name in enumerate(words.claims.ASKED):
        _, *sides = words.claims.BESIDE[name]
        last = findings[name].steps[-1]
        assert sides == [last.comparison.left, last.comparison.right]
        one, other = (findings[name].intervals[side].mean for side in sides)
        assert (larger[row], cached[row]) == (f"{one:.1%}", f"{other:.1%}")
        numbers = [float(text.replace("−", "-")) for text in re.findall(r"[+−][\d.]+", more[row])]
        np.testing.assert_allclose(numbers, [100 * share for share in last.interval], atol=0.05)
        np.testing.assert_allclose(numbers[0], 100 * (other - one), atol=0.05)
    assert not any(words.frontier_beside({}, {}).values())


def test_what_was_not_run_is_not_said():
    assert words.frontier_in_words({name: {} for name in BOARD}) == []
    (only,) = words.frontier_in_words({"frontier-reads": BOARD["frontier-reads"]})
    assert only.startswith("With 792 numbers read for a token, SSC recalls")
