"""Every formula that is shown, evaluated on the numbers that are shown, gives the number that the run recorded."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mcviz import MCConfig, reference, rules
from mcviz.config import AGGREGATORS, GATES, POOLINGS, STARTS
from mcviz.rules import SHEETS
from mcviz.stepper.details import details
from tests.pairs import rows
from tests.rules.evaluate import World, column, evaluate
from tests.runs import coefficients, label, other, tokens

pytestmark = pytest.mark.usefixtures("unchecked")
T, H, K, V = 6, 2, 4, 3


def every_option(sheet):
    """All combinations of the options' values: the default and another one, or 1, 2 and 3 where that is all."""
    values = [(1, 2, 3)] if [o.name for o in sheet.options] == ["window"] else []
    values = values or [(o.default, other(o)) for o in sheet.options]
    combined = (dict(zip(sheet.defaults, chosen, strict=True)) for chosen in product(*values))
    return [o for o in combined if not sheet.conflict(o)]


VARIANTS = [MCConfig(memory=name, options=o) for name, sheet in SHEETS.items() for o in every_option(sheet)]


def configs(variant):
    """The variant beside everything else that a configuration may be, but for what a run does not look at."""
    made = {}
    for aggregator, start, gate, pooling in rows(AGGREGATORS, STARTS, GATES, POOLINGS):
        gate = gate if rules.AGGREGATORS[aggregator].gated else GATES[0]
        changes = {"aggregator": aggregator, "start": start, "gate": gate, "pooling": pooling}
        made[replace(variant, segment_length=2, top_k=1, **changes)] = None
    return [*made]


def close(got, wanted, what):
    np.testing.assert_allclose(np.asarray(got, float), wanted, rtol=1e-10, atol=1e-12, err_msg=what)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_writes_and_losses_are_those_of_the_run(variant, start):
    world, shown, found = world_of(replace(variant, segment_length=2, start=start))
    written(world, shown, found)


@pytest.mark.pairs
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_what_is_compared_weighed_and_read_is_that_of_the_run(variant):
    for cfg in configs(variant):
        compared(*world_of(cfg))


def world_of(cfg, t=T - 1, h=1):
    """A token in the last segment of a run of random tokens, its formulas, and what a replay adds to the Trace."""
    trace = reference.memory_caching(*tokens(T, H, K, V), cfg, coefficients(cfg, T, H, K))
    shown = rules.equations(rules.sheet(cfg.memory), cfg)
    return World(trace, shown, t, h), shown, details(trace, keep_states=True)


def written(world, shown, found):
    """How the token is written, and what it loses before and after."""
    trace, t, h = world.trace, world.t, world.h
    for line in shown["state"]:
        left = line.formula.split(" = ")[0]
        if not left.endswith("_t"):
            continue  # a feature map
        value, array = evaluate(line.formula, world), left.removesuffix("_t")
        parts = value if isinstance(value, dict) else {array: value}
        for part, numbers in parts.items():
            kept = part.replace("W", "S") if array == "S" else part
            close(numbers, column(trace.states(t)[kept][h]), line.formula)
    if added := rules.added(rules.sheet(trace.config.memory), trace.config.rule_options):
        name = next(iter(world.after))
        close(evaluate(f"ΔM = {added}", world), column((world.after[name] - world.before[name])[h]), added)
    assert ("loss" in shown) == (found.losses is not None)
    if "loss" in shown:
        k, v = column(trace.k[t, h]), column(trace.v[t, h])
        for n, memory in enumerate((world.before, world.after)):
            close(world.loss(world.arrays(memory), k, v), found.losses[t, h, n], shown["loss"][0].formula)


def compared(world, shown, found):
    """What the token compares, how it weighs, what it reads and what comes out."""
    trace, t, h, s = world.trace, world.t, world.h, world.s
    name = trace.config.to_json()

    def one(kind, **bound):
        return evaluate(shown[kind][0].formula, world, **bound)

    for i in range(s + 1):
        close(one("context", i=i)[:, 0], trace.contexts[t, h, i], f"context of {name}")
        if "score" in shown:
            close(one("score", i=i), trace.scores[t, h, i], f"score of {name}")
    for i in np.flatnonzero(trace.read[t, h]):
        i = int(i)
        close(one("weight", i=i), trace.weights[t, h, i], f"weight of {name}")
        if trace.reads is not None:
            close(one("read", i=i)[:, 0], trace.reads[t, h, i], f"read of {name}")
    if "router" in shown:
        assert one("router") == set(np.flatnonzero(trace.selected[t, h])), name
    if "mixed" in shown:
        world.mixed = one("mixed")
        for array, value in world.mixed.items():
            close(value, column(found.mixed[array][t, h]), f"mixed of {name}")
    close(one("output")[:, 0], trace.output[t, h], f"output of {name}")


@pytest.mark.parametrize("memory", ["gated_delta", "titans"])
def test_another_formula_gives_another_number(memory):
    """The negative case: what is checked can fail."""
    world, shown, found = world_of(MCConfig(memory, segment_length=2))
    right = shown["state"][-1].formula
    wrong = right.replace("α_t M_{t−1}", "M_{t−1}")
    assert wrong != right
    with pytest.raises(AssertionError, match="M_t = M_"):
        written(world, {**shown, "state": (rules.Equation(wrong),)}, found)
