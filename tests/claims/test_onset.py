import pytest

from mcviz.claims.claim import LOOKS
from mcviz.claims.trials import ONSET, perform, since


@pytest.mark.parametrize(
    ("held", "share"),
    [
        ([False, False, True, True, True], 0.5),
        ([False, True, False, True, True], 0.75),  # for good
        ([True] * 5, 0.0),
        ([False] * 5, 1.0),
    ],
)
def test_since(held, share):
    assert since(held) == share


def test_an_onset_is_a_share_of_the_training():
    small = {"task": "mqar", "aggregator": "grm", "pairs": 2, "keys": 4, "values": 4, "width": 8, "steps": LOOKS}
    row = perform({"trial": ONSET, **small, "batch": 2}, 0)
    assert {row[name] * LOOKS % 1 for name in ("gate", "answers", "loss")} == {0}
    assert row["loss"] == 1  # in so few steps it does not fall
