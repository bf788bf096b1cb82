"""What a memory rule starts from."""

import numpy as np
import pytest

from mcviz.config import MEMORIES, MCConfig
from mcviz.initial import (
    COEFFICIENTS,
    check_coefficients,
    check_state,
    constants,
    initial_state,
    readable,
    state_shapes,
)
from mcviz.reference import memory
from mcviz.reference.replay import replay
from tests.runs import VARIANTS, label

H, K, V = 2, 4, 3
T = 1024
UNNORMED = [MCConfig(memory=rule, options={"expansion": 1, "norm": False}) for rule in ("dla", "titans")]


@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_the_initial_state_has_the_shapes_of_a_written_one(cfg):
    start = initial_state(cfg, H, K, V)
    c = {name: np.full(H, value) for name, value in constants(cfg, K).items()}
    written = memory.rule(cfg).write(start, np.ones((H, K)), np.ones((H, V)), c)
    assert {name: array.shape for name, array in start.items()} == state_shapes(cfg, H, K, V)
    assert {name: array.shape for name, array in written.items()} == state_shapes(cfg, H, K, V)
    assert set(readable(cfg)) <= start.keys()


@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_only_two_layer_memories_start_from_drawn_weights(cfg):
    start = initial_state(cfg, H, K, V)
    drawn = {name for name, array in start.items() if array.any()}
    assert drawn == ({"W1", "W2"} if cfg.rule_options.get("depth") == 2 else set())


def test_the_seed_draws_the_weights():
    def draw(seed):
        return initial_state(MCConfig(memory="dla", seed=seed), H, K, V)["W1"]

    assert np.array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


@pytest.mark.parametrize("memory", MEMORIES)
def test_there_is_a_constant_for_every_coefficient(memory):
    assert tuple(constants(MCConfig(memory=memory), K)) == COEFFICIENTS[memory]


@pytest.mark.parametrize("K", [1, 8, 64])
@pytest.mark.parametrize("cfg", [*VARIANTS, *UNNORMED], ids=label)
@pytest.mark.usefixtures("unchecked")
def test_the_constants_stay_finite(cfg, K):
    """Writing normal keys and values for as long as a sequence lasts: nothing diverges."""
    heads = max(1, 16 // K)
    random = np.random.default_rng(K)
    state = initial_state(cfg, heads, K, K)
    rule = memory.rule(cfg)
    c = {name: np.full(heads, value) for name, value in constants(cfg, K).items()}
    for _ in range(T):
        state = rule.write(state, random.standard_normal((heads, K)), random.standard_normal((heads, K)), c)
    assert all((np.abs(array) < 10 * T).all() for array in state.values())


def test_larger_steps_diverge():
    """The negative case: the step that the delta rule's constant stays below, and one that Titans' does."""
    random = np.random.default_rng(0)
    k, v = random.standard_normal((2, T, 1, 8))
    for name, factor in (("delta", 3.0), ("titans", 30.0)):
        cfg = MCConfig(memory=name)
        c = {n: np.full((T, 1), value * (factor if n == "eta" else 1)) for n, value in constants(cfg, 8).items()}
        with np.errstate(all="ignore"):
            state = replay(cfg, initial_state(cfg, 1, 8, 8), k, v, c)[-1]
        assert not all((np.abs(array) < 10 * T).all() for array in state.values())


def test_a_rule_with_one_array_takes_it_bare():
    M = np.ones((H, V, K))
    assert check_state(MCConfig(), M, H, K, V)["M"] is M
    assert check_state(MCConfig(memory="titans", options={"depth": 1}), M, H, K, V)["W1"] is M


def test_what_only_writes_need_may_be_left_out():
    cfg = MCConfig(memory="swla")
    assert check_state(cfg, {"M": np.ones((H, V, K))}, H, K, V).keys() == {"M"}


@pytest.mark.parametrize(
    ("memory", "state", "says"),
    [
        ("linear", {}, r"initial: linear has M; .*missing \['M'\]"),
        ("linear", {"M": np.ones((H, V, K)), "W": 1, 3: 4}, r"initial: .*unknown \['3', 'W'\]"),
        ("linear", {"M": np.ones((H, K, V))}, r"initial\.M: expected shape \(2, 3, 4\), got \(2, 4, 3\)"),
        ("linear", 0.0, r"initial\.M: expected shape \(2, 3, 4\), got \(\)"),
        ("linear", "M", r"initial\.M: expected shape \(2, 3, 4\), got \(\)"),
        ("dla", {"W1": np.ones((H, V, 4 * K))}, r"initial: .*missing \['W2'\]"),
        ("dla", np.ones((H, V, 4 * K)), r"initial: .*missing \['W2'\]"),
    ],
)
def test_a_bad_state_is_refused(memory, state, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        check_state(MCConfig(memory=memory), state, H, K, V)


def test_coefficients_are_completed_by_the_constants():
    cfg = MCConfig(memory="titans")
    assert check_coefficients(cfg, None, K) == constants(cfg, K)
    assert check_coefficients(cfg, {"beta": 0.0}, K) == {**constants(cfg, K), "beta": 0.0}


@pytest.mark.parametrize("bad", [{"lam": 1.0}, {"alpha": 1.0, 3: 1.0}, [0.5], 0.5, "eta"])
@pytest.mark.usefixtures("unchecked")
def test_bad_coefficients_are_refused(bad):
    with pytest.raises(ValueError, match=r"^coefficients: .*got "):
        check_coefficients(MCConfig(memory="delta"), bad, K)
