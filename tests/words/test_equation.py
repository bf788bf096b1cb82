"""The numbers in the equations are the Trace's, and the line that answers adds up."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mcviz import MCConfig, examples, words
from mcviz.config import AGGREGATORS, GATED, MEMORIES
from mcviz.probes import surgery

NUMBER = r"-?[\d.]+(?: \\cdot 10\^\{-?\d+\})?"


def value(latex):
    """The number that a piece of LaTeX writes out."""
    digits, _, power = latex.strip("() ").partition(r" \cdot 10^{")
    return float(digits) * 10 ** int(power.rstrip("})") or 0)


@cache
def run(**fields):
    return examples.run("needle", MCConfig(**{"segment_length": 32, **fields}), key_size=6, value_size=5)


@pytest.mark.parametrize("aggregator", [name for name in AGGREGATORS if name != "soup"])
def test_the_answer_adds_up_to_the_output(aggregator):
    """Three segments: no term is left out, so the sum of the terms that are shown is the output that is shown."""
    trace, t = run(aggregator=aggregator), 95
    line = words.equations(trace, t, head=1)[-1]
    left, terms, total = line.numbers.split(" = ")
    component = int(re.search(r"\[(\d)\]", left).group(1))
    factors = re.findall(rf"({NUMBER}) \\cdot (\({NUMBER}\)|{NUMBER})(?: \+ |$)", terms)
    assert len(factors) == trace.read[t, 1].sum()
    added = sum(value(weight) * value(read) for weight, read in factors)
    assert value(total) == pytest.approx(trace.output[t, 1, component], rel=1e-3)
    assert added == pytest.approx(trace.output[t, 1, component], rel=2e-3, abs=1e-3)


@pytest.mark.parametrize("aggregator", GATED)
def test_scores_and_gates_are_those_of_the_run(aggregator):
    trace, t = run(aggregator=aggregator), 95
    lines = {line.says: line.numbers for line in words.equations(trace, t, head=1)}
    for says, values in (("how relevant each memory is", trace.scores), ("how much each counts", trace.weights)):
        shown = re.findall(rf"\^\{{\((\d+)\)\}} = ({NUMBER})", lines[says])
        assert len(shown) == trace.N
        for i, number in shown:
            assert value(number) == pytest.approx(values[t, 1, int(i)], rel=1e-3)


def test_scores_that_surgery_exchanged_are_said_to_be_once_both_checkpoints_are_there():
    edited = surgery.operate(run(aggregator="grm"), [surgery.Swap(0, 1)])
    said = [words.equations(edited, t)[1].says for t in (63, 64)]
    assert said == ["how relevant each memory is", "how relevant each memory is; 0 and 1 exchanged theirs"]


def test_the_set_of_the_router_is_the_selection():
    trace, t = run(aggregator="ssc", top_k=1, segment_length=8), 95
    line = next(line for line in words.equations(trace, t) if "router" in line.says)
    assert line.numbers == rf"\mathcal{{R}}_{{95}} = \{{{np.flatnonzero(trace.selected[t, 0])[0]}\}}"


@pytest.mark.parametrize("memory", MEMORIES)
def test_coefficients_of_the_write_are_filled_in(memory):
    trace = run(memory=memory)
    line = words.equations(trace, 10)[0]
    assert line.symbols
    for coefficient in trace.coefficients.values():
        assert words.number(coefficient[10, 0]) in line.numbers


def test_no_gate_where_nothing_is_compared():
    assert [line.says for line in words.equations(run(aggregator="residual"), 50)][1:] == [
        "what comes out, in its largest component"
    ]


@pytest.mark.parametrize(
    ("given", "shown"), [(0.25, "0.25"), (1e-7, r"1 \cdot 10^{-7}"), (float("nan"), r"\text{not finite}")]
)
def test_how_numbers_are_written(given, shown):
    assert words.number(given) == shown


def test_what_is_not_finite_is_said():
    trace = run(memory="linear")
    output = trace.output.copy()
    output[40:] = np.nan
    assert "not finite" in words.equations(replace(trace, output=output), 60)[-1].numbers
