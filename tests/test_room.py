"""What a reader may ask for fits into a machine, and all else is refused before it is tried."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcviz import MCConfig, room

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("cfg", "sizes", "said"),
    [
        (MCConfig(segment_length=1), (400, 1, 4, 4), "segment_length: expected .* 131,072, got 400 tokens in 400 segm"),
        (MCConfig(segment_length=64), (128, 1, 1024, 1024), "tokens stay below 67,108,864, got 1,048,576 numbers"),
        (MCConfig(segment_length=1), (16, 1, 1024, 1024), "kept stay below 16,777,216, got .* for 17 memories"),
        (MCConfig(segmentation=(3, 4)), (8, 1, 4, 4), "sum to T = 8"),
    ],
)
def test_a_run_that_is_too_large_is_refused_by_its_sizes(cfg, sizes, said):
    with pytest.raises(ValueError, match=said):
        room.check(cfg, *sizes)


def test_what_just_fits_is_let_through():
    room.check(MCConfig(segment_length=1), 362, 1, 4, 4)
    room.check(MCConfig(segment_length=64), 64, 1, 1024, 1024)
    room.check(MCConfig(segment_length=1), 15, 1, 1024, 1024)


@pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux has them")
def test_nothing_that_is_allowed_takes_a_gigabyte():
    """Each within a limit of its own: `python -m tests.heaviest` asks for all of them."""
    pytest.importorskip("streamlit")
    pytest.importorskip("plotly")
    command = [sys.executable, "-m", "tests.heaviest", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 5
    for row in rows:
        assert not row["said"], row
        assert row["peak"] < 1000, row


@pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux has them")
def test_what_nobody_wrote_in_good_faith_is_refused_in_words():
    """A few of the many that `python -m tests.hostile` draws."""
    pytest.importorskip("streamlit")
    pytest.importorskip("plotly")
    command = [sys.executable, "-m", "tests.hostile", "--links", "8", "--files", "12"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "seed 0: 0 failures" in done.stdout
