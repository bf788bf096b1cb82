"""Everybody draws the same examples, and `make fuzz` draws new ones that can be drawn again."""

import importlib.util
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fuzz


def drawn(profile: settings | None = None) -> list[tuple[int, float]]:
    """What hypothesis draws for one test."""
    found: list[tuple[int, float]] = []

    @settings(profile)
    @given(st.integers(), st.floats())
    def test(n: int, x: float) -> None:
        found.append((n, x if x == x else 0.0))

    test()
    return found


def test_examples_are_the_same_every_time():
    assert drawn() == drawn()
    assert drawn(settings.get_profile("fuzz")) != drawn(settings.get_profile("fuzz"))


def test_examples_do_not_depend_on_what_is_loaded(tmp_path, monkeypatch):
    before = drawn()
    path = tmp_path / "newcomer.py"
    path.write_text("\n".join(f"x{n} = {7919 * n}; y{n} = {n}.12345" for n in range(50)))
    spec = importlib.util.spec_from_file_location("newcomer", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "newcomer", module)
    spec.loader.exec_module(module)
    assert drawn() == before


def test_a_round_runs_what_hypothesis_drives(monkeypatch):
    seen = {word for word in fuzz.command(7) if word.startswith("tests")}
    assert {"tests/pytorch/test_parity.py", "tests/reference/test_memory.py", "tests/test_fuzz.py"} <= {
        word.replace("\\", "/") for word in seen
    }
    assert "--hypothesis-seed=7" in fuzz.command(7)


def test_a_round_also_combines_what_others_see_in_pairs():
    every, drawn = (" ".join(fuzz.command(7, marked)).replace("\\", "/") for marked in (fuzz.ALL, fuzz.DRAWN))
    assert "-m hypothesis or pairs --" in every
    assert "-m hypothesis --" in drawn
    assert "tests/pytorch/test_stream.py" in every
    assert "tests/pytorch/test_stream.py" not in drawn


@pytest.fixture
def clock(monkeypatch):
    """Rounds of two minutes, of which the one with the number `fails` fails."""
    state = SimpleNamespace(now=0.0, seeds=[], marks=[], fails=99)

    def run(seed, marked):
        state.now += 120
        state.seeds.append(seed)
        state.marks.append(marked)
        return int(len(state.seeds) == state.fails)

    monkeypatch.setattr(fuzz, "run", run)
    monkeypatch.setattr(fuzz.time, "monotonic", lambda: state.now)
    return state


@pytest.mark.parametrize(("minutes", "rounds"), [(0, 1), (1, 1), (3, 1), (5, 2), (10, 5)])
def test_rounds_end_in_time_and_have_seeds_of_their_own(clock, minutes, rounds):
    assert fuzz.main(["--minutes", str(minutes)]) == 0
    assert len(set(clock.seeds)) == len(clock.seeds) == rounds
    assert clock.marks == [fuzz.ALL] + [fuzz.DRAWN] * (rounds - 1), "combinations are the same in every round"


def test_the_first_round_that_fails_ends_it(clock):
    clock.fails = 2
    assert fuzz.main(["--minutes", "60"]) == 1
    assert len(clock.seeds) == 2


def test_a_seed_is_run_again_and_named_where_it_fails(monkeypatch, capsys):
    monkeypatch.setattr(fuzz.subprocess, "run", lambda command, cwd: SimpleNamespace(returncode=len(command) > 0))
    assert fuzz.main(["--seed", "41"]) == 1
    assert "-m tests.fuzz --seed 41" in capsys.readouterr().out
