"""What the guide to graphics cards says is what its own tables say."""

import re
from statistics import median

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
PROSE = " ".join(TEXT.partition("## bfloat16, forward: ")[0].split())
REPLAYED, CALLED = 0, 1
ATTENTION, PRODUCTS, OURS = "softmax attention", "attention, two products", ("GRM", "SSC, k = 2")
HALF, SINGLE = "bfloat16", "float32"


def table(title):
    """By what a row begins with, and contender: milliseconds replayed and called, or called alone."""
    lines = TEXT.partition(f"## {title}")[2].partition("\n## ")[0].splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    first, found = next(n for n, name in enumerate(head) if name in (ATTENTION, "plain RNN")), {}
    for row in rows:
        where = [int(cell.replace(",", "")) if cell[0].isdigit() else cell for cell in row[:first]]
        for name, cell in zip(head[first:], row[first:], strict=True):
            found[*where, name] = [float(number) for number in re.findall(r"[\d.]+", cell)]
    return found


FORWARD, TRAINING = (
    {(dtype, *where): times for dtype in (HALF, SINGLE) for where, times in table(f"{dtype}, {title}: ").items()}
    for title in ("forward", "forward and backward")
)
DECODING, STEPS = table("Decoding: "), table("Training\n")


def share(times, *where, how=REPLAYED):
    """Of attention's time."""
    return times[where][how] / times[*where[:-1], ATTENTION][how]


@pytest.mark.parametrize(
    ("times", "dtype", "name", "how", "first"),
    [
        *((FORWARD, HALF, name, REPLAYED, 8192) for name in OURS),
        (TRAINING, HALF, "GRM", REPLAYED, 4096),
        (TRAINING, HALF, "SSC, k = 2", REPLAYED, 8192),
        *((FORWARD, HALF, name, CALLED, 32_768) for name in OURS),
        *((FORWARD, SINGLE, name, REPLAYED, 4096) for name in OURS),
        *((FORWARD, SINGLE, name, CALLED, 16_384) for name in OURS),
    ],
)
def test_from_where_on_attention_is_behind(times, dtype, name, how, first):
    sizes = sorted({T for kind, T, _ in times if kind == dtype})
    assert [T for T in sizes if share(times, dtype, T, name, how=how) < 1] == [T for T in sizes if first <= T]
    assert f"{first:,}" in PROSE


@pytest.mark.parametrize(
    ("times", "dtype", "T", "said"),
    [
        (FORWARD, HALF, 8192, "there they take {} and {} of its time"),
        (FORWARD, HALF, 4096, "At 4,096 they take {} and {} of it."),
        (FORWARD, HALF, 65_536, "at 65,536 tokens {} and {}."),
        (TRAINING, HALF, 65_536, "at 65,536 they take {} and {}."),
        (FORWARD, SINGLE, 65_536, "at 65,536 tokens GRM takes {} and SSC {} of attention's time"),
        (TRAINING, SINGLE, 65_536, "with gradients {} and {}."),
    ],
)
def test_shares_of_attentions_time(times, dtype, T, said):
    assert said.format(*(f"{share(times, dtype, T, name):.2f}" for name in OURS)) in PROSE


def test_what_a_called_pass_costs():
    called = [
        times[CALLED] for (dtype, T, name), times in FORWARD.items() if dtype == HALF and name in OURS and T < 32_768
    ]
    assert max(called) < 1.4 * min(called)
    assert f"about {median(called):.1f} ms" in PROSE


def test_decoding():
    for dtype, other in ((HALF, ATTENTION), (SINGLE, PRODUCTS)):
        contexts = {T for kind, T, _ in DECODING if kind == dtype}
        assert all(DECODING[dtype, T, name] > DECODING[dtype, T, other] for T in contexts for name in OURS)
    for name, said in (
        (ATTENTION, "about {:.2f} ms for a token"),
        ("GRM", "about {:.1f}"),
        ("SSC, k = 2", "about {:.1f}"),
    ):
        times = [time for (dtype, _, one), (time,) in DECODING.items() if (dtype, one) == (HALF, name)]
        assert said.format(median(times)) in PROSE
        assert max(times) < 1.3 * min(times)


def test_what_decoding_in_single_precision_is_compared_with():
    size = 65_536 * 4 * 64 * 2 * 4  # tokens, heads, features, keys and values, bytes
    rate = size / DECODING[SINGLE, 65_536, ATTENTION][0] * 1e3
    said = f"read the {size / 1e6:.0f} MB of keys and values of 65,536 tokens at {rate / 1e9:.0f} GB a second"
    assert said in PROSE
    assert rate < 0.01 * 4.8e12  # an H200's bandwidth, as its maker states it


def test_replayed_steps_are_shorter():
    names = {name for _, name in STEPS}
    assert len(names) == 4
    assert all(STEPS["replayed", name] < STEPS["launched", name] for name in names)
