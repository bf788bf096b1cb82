"""The sentences on the oracle say the losses that it found."""

import pytest

from mcviz import watch, words

pytestmark = pytest.mark.skipif("topics-ssc" not in watch.names(), reason="no trained model is here")


@pytest.fixture(scope="module", params=[1, 2, 3])
def oracle(request):
    return watch.consult(watch.Sitting("topics-ssc"), request.param)


def test_the_words_say_the_numbers(oracle):
    for choice in oracle.choices[:4]:
        said = words.judged(oracle, choice)
        assert f"{choice.losses[choice.router]:.3f} bits" in said
        assert (f"a regret of {choice.regret:.3f}" in said) == (choice.regret >= 0.0005)
        assert f"a random selection {oracle.mean['random']:.3f}" in said
