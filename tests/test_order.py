import json
from dataclasses import replace

import pytest

from mcviz.order import Order
from mcviz.training import plan
from mcviz.training.shell import check_heard


def test_an_order_goes_through_json():
    order = Order("mqar", "grm", gate="token", start="checkpoint", rate="0.01", steps=50, seed=3)
    assert Order.from_json(order.to_json()) == order
    with pytest.raises(ValueError, match=r"expected what Order\.to_json wrote"):
        Order.from_json(json.dumps({"task": "mqar"}))
    with pytest.raises(ValueError, match=r"expected what Order\.to_json wrote"):
        Order.from_json("no order")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task", "stories"),
        ("aggregator", "attention"),
        ("gate", "x"),
        ("start", ""),
        ("rate", "1"),
        ("dense", 1),
        ("top_k", 0),
        ("steps", 10**6),
        ("seed", -1),
    ],
)
def test_what_cannot_be_trained_is_refused(name, value):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        replace(Order(), **{name: value})


@pytest.mark.parametrize("aggregator", ["none", "residual", "grm", "soup", "ssc", "average"])
def test_every_order_is_a_plan_and_its_settings_are_in_it(aggregator):
    order = Order("needle", aggregator, gate="shared", start="checkpoint", top_k=3, rate="0.002", dense=False, steps=60)
    planned = plan(order.task, order.aggregator, order.seed, **order.settings)
    check_heard(planned, order.settings)  # each says something, as the command line asks
    mixer = planned.model_config.mixer
    assert (mixer.aggregator, planned.steps, planned.recipe.learning_rate) == (aggregator, 60, 0.002)
    assert mixer.start == "checkpoint"
    if aggregator == "ssc":
        assert (mixer.top_k, mixer.gate, planned.recipe.dense) == (3, "shared", 0.0)


def test_the_command_remakes_the_model():
    order = Order("topics", "ssc", gate="shared", dense=False, steps=60, seed=4)
    assert order.command == (
        "mcviz train topics --aggregator ssc --seed 4 --name topics-ssc --set steps=60 learning_rate=0.005 "
        "'start=\"independent\"' 'gate=\"shared\"' top_k=2 dense=0.0"
    )
