"""The next token is chosen as is written, whoever says how likely each is."""

from itertools import islice

import numpy as np
import pytest

from mcviz.sampling import Sampling, choose, prompted

LOGITS = np.random.default_rng(0).standard_normal(7)


def said(token):
    """A model that says the same after every token."""
    return LOGITS


def test_tokens_are_drawn_as_often_as_the_temperature_says():
    temperature, n = 0.5, 2000
    rng = np.random.default_rng(1)
    seen = np.bincount([choose(LOGITS, temperature, rng) for _ in range(n)], minlength=7) / n
    p = np.exp(LOGITS / temperature)
    p /= p.sum()
    np.testing.assert_allclose(seen, p, atol=4 * np.sqrt(p.max() / n))


def test_a_step_tells_what_it_was_chosen_from():
    step = next(Sampling(labels="abcdefg").steps(said, LOGITS, 3))
    p = np.exp(LOGITS) / np.exp(LOGITS).sum()
    order = np.argsort(-p)
    assert (step.t, step.token, step.label) == (3, order[0], "abcdefg"[order[0]])
    assert step.top == tuple("abcdefg"[i] for i in order[:5])
    assert step.top_probabilities == pytest.approx(p[order[:5]])
    assert step.probability == pytest.approx(p.max())


def test_every_token_is_read_but_the_last():
    read = []
    steps = list(Sampling(1.0, 2, length=9).steps(lambda token: read.append(token) or LOGITS, LOGITS, 3))
    assert [step.t for step in steps] == list(range(3, 9))
    assert read == [step.token for step in steps][:-1]


def test_one_seed_draws_one_text():
    def text(seed, n):
        return [step.token for step in islice(Sampling(1.0, seed).steps(said, LOGITS, 1), n)]

    assert text(0, 30)[:12] == text(0, 12)
    assert text(0, 30) != text(1, 30)


@pytest.mark.parametrize("prompt", [np.array([1, 2]), (1, 2), [np.int64(1), 2]])
def test_prompts_are_lists_of_plain_numbers(prompt):
    assert prompted(prompt, None) == [1, 2]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"temperature": 5.0}, "temperature: expected a number from 0 to 4, got 5.0"),
        ({"temperature": True}, "temperature"),
        ({"seed": -1}, "seed: expected a whole number, at least 0, got -1"),
    ],
)
def test_what_cannot_be_is_named(given, named):
    with pytest.raises(ValueError, match=named):
        Sampling(**given)
