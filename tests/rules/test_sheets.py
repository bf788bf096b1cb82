"""A rule is whole: whoever has a sheet has twins and a fast form, and every place shows the sheet's equations."""

import re
from dataclasses import replace
from itertools import product

import pytest

from mcviz import MCConfig, rules, words
from mcviz.config import AGGREGATORS, GATES, MEMORIES, OPTIONS, POOLINGS
from mcviz.initial import COEFFICIENTS
from mcviz.reference import memory, memory_caching
from mcviz.rules import SHEETS
from mcviz.stepper.equations import equations
from tests.runs import VARIANTS, label, tokens


def test_names_are_those_of_the_sheets():
    assert tuple(SHEETS) == MEMORIES == tuple(OPTIONS) == tuple(COEFFICIENTS)
    assert set(SHEETS) == set(memory.RULES)
    places = [sheet.place for sheet in SHEETS.values()]
    assert len(places) == len(set(places)), {sheet.name: sheet.place for sheet in SHEETS.values()}


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=lambda sheet: sheet.name)
def test_a_sheet_says_everything(sheet):
    o = sheet.defaults
    assert sheet.title
    assert sheet.short
    assert sheet.source
    assert sheet.kind in ("matrix", "network", "vector")
    assert sheet.inner in ("", *rules.LOSSES)
    assert list(sheet.constants(o, 4)) == [one.name for one in sheet.coefficients]
    assert set(sheet.readable(o)) <= set(sheet.state(o, 4, 3))
    assert all(option.label and option.help.endswith(".") for option in sheet.options)
    assert all(isinstance(value, type(option.default)) for option in sheet.options for value in option.choices)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match=r"^memory: expected one of linear, .*; got 'transformer'$"):
        rules.sheet("transformer")


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
@pytest.mark.usefixtures("unchecked")
def test_every_place_shows_the_same_equation_with_the_same_number(variant, aggregator):
    """The stepper's panel and the expander under it, line by line, are the sheet's."""
    for gate, pooling in product(GATES, POOLINGS):
        cfg = replace(variant, aggregator=aggregator, gate=gate, pooling=pooling, segment_length=2)
        compare_places(cfg, memory_caching(*tokens(T=4), cfg))


def compare_places(cfg, trace):
    """What the sheets say, against what the two places show."""
    sheet = rules.equations(rules.sheet(cfg.memory), cfg)
    panel = equations(cfg)
    assert panel.keys() == sheet.keys() - {"router"}
    for kind, one in panel.items():
        assert one["formula"] == ",  ".join(line.formula for line in sheet[kind])
        assert one["number"] == ", ".join(dict.fromkeys(line.number for line in sheet[kind] if line.number))
    of_line = {
        "the token is written into its segment's memory": ("state", "loss"),
        "how relevant each memory is": ("score",) if cfg.gate == "token" else ("score", "context"),
        "which checkpoints the router takes": ("router",),
        "how much each counts": ("weight",),
        "what comes out, in its largest component": ("mixed", "output", "read"),
    }
    for line in words.equations(trace, trace.T - 1):
        expected = dict.fromkeys(one for kind in of_line[line.says] for one in sheet.get(kind, ()))
        assert line.symbols == r",\quad ".join(one.latex for one in expected)
        assert line.number == ", ".join(dict.fromkeys(one.number for one in expected if one.number))


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        ("M_t = α_t M_{t−1} + λ_t v_t k_t^T", r"M_{t} = \alpha _{t} M_{t- 1} + \lambda _{t} v_{t} k_{t}^\top"),
        ("θ*_t = Σ_{i ≤ s} γ_t^(i) θ^(i)", r"\theta ^* _{t} = \sum _{i \le s} \gamma _{t}^{(i)} \theta ^{(i)}"),
        ("μ_t λ_t", r"\mu _{t} \lambda _{t}"),
        ("½ |M k_t − v_t|²", r"\tfrac{1}{2} \lVert M k_{t} - v_{t} \rVert^2"),
        ("W1^(i) σ(W2^(i) q_t)", r"W_1^{(i)} \sigma (W_2^{(i)} q_{t})"),
        ("R_t = top_{2}(r_t^(i), i < s)", r"\mathcal{R} _{t} = \operatorname{top} _{2}(r_{t}^{(i)}, i < s)"),
    ],
)
def test_latex(formula, latex):
    assert rules.latex(formula) == latex


@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_latex_is_ascii_and_its_braces_match(variant):
    for aggregator in AGGREGATORS:
        cfg = MCConfig(variant.memory, aggregator, options=variant.options)
        for lines in rules.equations(rules.sheet(cfg.memory), cfg).values():
            for line in lines:
                assert line.latex.isascii(), line.latex
                bare = re.sub(r"\\[{}]", "", line.latex)
                assert bare.count("{") == bare.count("}")
