"""What the guide to graphics cards says is what its own tables say."""

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
PROSE = " ".join(TEXT.partition("## Forward: ")[0].split())
REPLAYED, CALLED = 0, 1
ATTENTION, OURS = "softmax attention", ("GRM", "SSC, k = 2")
SIZES = (1024, 4096, 8192, 16_384, 32_768, 65_536)


def table(title):
    """By dtype (where there are several), tokens and contender: milliseconds replayed and called, or called alone."""
    lines = TEXT.partition(f"## {title}: milliseconds")[2].partition("\n## ")[0].splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    first, found = head.index(ATTENTION), {}
    for row in rows:
        where = (*row[: first - 1], int(row[first - 1].replace(",", "")))
        for name, cell in zip(head[first:], row[first:], strict=True):
            found[*where, name] = [float(number) for number in re.findall(r"[\d.]+", cell)]
    return found


FORWARD, TRAINING, DECODING = map(table, ("Forward", "Forward and backward", "Decoding"))


def rows(start):
    """The numbers of a table whose head begins so, by the first cell of each row and contender."""
    head, _, *lines = TEXT[TEXT.index(f"| {start} |") :].partition("\n\n")[0].splitlines()
    names = [cell.strip() for cell in head.strip("|").split("|")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: dict(zip(names, map(float, numbers), strict=True)) for first, *numbers in cells}


def test_blocks_of_tokens():
    times = rows("8,192 tokens, bfloat16")
    ours = [f"{times['replayed'][name] / times['replayed'][ATTENTION]:.2f}" for name in OURS]
    assert "GRM takes {} and SSC {} of attention's time where they are replayed".format(*ours) in PROSE
    assert all(time > times["called"][ATTENTION] for name, time in times["called"].items() if name != ATTENTION)
    kernels = rows("8,192 tokens, bfloat16, with gradients")
    assert all(kernels["blocks of tokens"][name] < kernels["blocks of tokens"][ATTENTION] for name in OURS)
    assert all(kernels["kernels before"][name] > kernels["kernels before"][ATTENTION] for name in OURS)


def test_what_decoding_is_compared_with():
    size = 65_536 * 4 * 64 * 2 * 4  # tokens, heads, features, keys and values, bytes
    rate = size / DECODING[65_536, ATTENTION][0] * 1e3
    said = f"read the {size / 1e6:.0f} MB of keys and values of 65,536 tokens at {rate / 1e9:.0f} GB a second"
    assert said in PROSE
    assert rate < 0.01 * 3.35e12  # an H100's bandwidth, as its maker states it


def share(times, *where, how=REPLAYED):
    """Of attention's time."""
    return times[where][how] / times[*where[:-1], ATTENTION][how]


@pytest.mark.parametrize(
    ("dtype", "name", "how", "first"),
    [
        *(("float32", name, REPLAYED, 4096) for name in OURS),
        *(("float32", name, CALLED, 16_384) for name in OURS),
        ("bfloat16", "GRM", REPLAYED, 32_768),
        ("bfloat16", "SSC, k = 2", REPLAYED, 65_536),
    ],
)
def test_from_where_on_attention_is_behind(dtype, name, how, first):
    ahead = [T for T in SIZES if share(FORWARD, dtype, T, name, how=how) < 1]
    assert ahead == [T for T in SIZES if first <= T]
    assert f"{first:,}" in PROSE


@pytest.mark.parametrize(
    ("times", "said"),
    [(FORWARD, "GRM takes {} and SSC {} of attention's time"), (TRAINING, "with gradients {} and {}")],
)
def test_shares_of_attentions_time_at_the_longest(times, said):
    single, half = ([f"{share(times, dtype, 65_536, name):.2f}" for name in OURS] for dtype in ("float32", "bfloat16"))
    assert said.format(*single) in PROSE
    assert "{} and {}".format(*half) in PROSE


@pytest.mark.parametrize(("T", "said"), [(8192, "after 8,192 takes GRM {} and SSC {}"), (65_536, "65,536, {} and {}")])
def test_decoding(T, said):
    assert said.format(*(f"{share(DECODING, T, name):.2f}" for name in OURS)) in PROSE
    assert all(share(DECODING, 1024, name) > 1 for name in OURS)


def test_what_a_called_pass_costs():
    ours = [times[CALLED] for (_, T, name), times in FORWARD.items() if T < 16_384 and name != ATTENTION]
    assert f"{min(ours):.0f} to {max(ours):.0f} ms" in PROSE
