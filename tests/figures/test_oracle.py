"""The figures of the oracle show the losses that it found."""

import numpy as np
import pytest

from mcviz import figures, watch

pytestmark = pytest.mark.skipif("topics-ssc" not in watch.names(), reason="no trained model is here")


@pytest.fixture(scope="module", params=[1, 2, 3])
def oracle(request):
    return watch.consult(watch.Sitting("topics-ssc"), request.param)


def test_every_question_has_its_three_marks_and_its_range(oracle):
    figure = figures.regrets(oracle, oracle.choices[0].t)
    random, best, router = figure.data
    assert len(set(router.x)) == len(oracle.choices)  # two questions by the same token stand apart
    lines = [shape for shape in figure.layout.shapes if shape.type == "line"]
    for n, one in enumerate(oracle.choices):
        assert (lines[n].y0, lines[n].y1) == (one.losses.min(), one.losses.max())
        assert random.y[n] == one.random
        assert best.y[n] == one.losses.min()
        assert router.y[n] == one.losses[one.router]
        assert router.customdata[n][2] == one.regret


def test_every_selection_is_drawn_with_its_loss(oracle):
    for choice in oracle.choices[:3]:
        (drawn,) = figures.selections(oracle, choice).data
        if oracle.k == 1:
            assert np.array_equal(drawn.y, choice.losses)
        elif oracle.k == 2:
            z = np.array(drawn.z, float)
            for (i, j), loss in zip(choice.subsets, choice.losses, strict=True):
                assert z[j, i] == loss
            assert np.isfinite(z).sum() == len(choice.losses)
        else:
            assert np.array_equal(drawn.y, np.sort(choice.losses))


def test_words_of_the_router_and_the_best_point_away_from_each_other(oracle):
    if oracle.k != 2:
        return
    for choice in oracle.choices:
        said = {note.text: note for note in figures.selections(oracle, choice).layout.annotations}
        if "best" in said:
            upper, lower = sorted(said.values(), key=lambda note: (note.y, note.text == "best"))
            assert upper.ay < 0 < lower.ay
