import re
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import MCConfig
from mcviz.initial import readable
from mcviz.reference import shares
from mcviz.stepper import assets, payload
from mcviz.trace import Alone, joined
from mcviz.words import glossary
from tests.stepper.examples import library, noise

CONFIGS = [
    MCConfig(aggregator="grm", segment_length=4),
    MCConfig(aggregator="ssc", top_k=2, segment_length=4),
    MCConfig(aggregator="soup", segment_length=4),
    MCConfig(aggregator="none", segment_length=4),
    MCConfig(aggregator="residual", segmentation="logarithmic"),
    MCConfig(memory="swla", start="checkpoint", segment_length=4),
    MCConfig(memory="delta", gate="token", segment_length=4),
    MCConfig(memory="dla", gate="shared", segment_length=4),
    MCConfig(memory="titans", aggregator="soup", segment_length=4),
    MCConfig(memory="vector", segment_length=1),
    MCConfig(options={"feature_map": "elu", "normalizer": True}, segment_length=4),
]
NAMES = [f"{cfg.memory}-{cfg.aggregator}-{cfg.gate}" for cfg in CONFIGS]


def read(trace, **options):
    header, arrays = payload.unpack(payload.pack(trace, **options))
    return header["runs"][0], {name.removeprefix("0."): array for name, array in arrays.items()}


@pytest.mark.parametrize("cfg", CONFIGS, ids=NAMES)
def test_a_payload_holds_the_numbers_of_the_trace(cfg):
    trace = noise(cfg, 21)
    header, arrays = read(trace)
    assert (header["T"], header["H"], header["N"], header["K"], header["V"]) == (21, 2, trace.N, 8, 8)
    for name in ("q", "k", "v", "u", "output", "online_contexts", "checkpoint_contexts"):
        assert np.array_equal(arrays[name], getattr(trace, name).astype(np.float32))
    at = 0
    for t in range(trace.T):
        n = trace.segment_of[t] + 1
        for h in range(trace.H):
            for name in ("scores", "weights", "read"):
                assert np.array_equal(arrays[name][at : at + n], getattr(trace, name)[t, h, :n].astype(np.float32))
            at += n
    assert at == len(arrays["scores"])
    for name in readable(cfg):
        for t in range(trace.T):
            assert np.array_equal(arrays[f"states.{name}"][t], trace.states(t)[name].astype(np.float32))
        for i, state in enumerate(trace.checkpoints):
            assert np.array_equal(arrays[f"checkpoints.{name}"][i], state[name].astype(np.float32))


@pytest.mark.parametrize("cfg", CONFIGS, ids=NAMES)
def test_what_memories_said_is_kept_where_they_were_read(cfg):
    trace = noise(cfg, 21)
    _, arrays = read(trace)
    if trace.reads is None:
        assert "reads.values" not in arrays
        return
    found = np.zeros_like(trace.reads)
    start = arrays["reads.start"]
    for row in range(trace.T * trace.H):
        t, h = divmod(row, trace.H)
        memories = arrays["reads.memory"][start[row] : start[row + 1]]
        assert set(memories) == set(np.flatnonzero(trace.read[t, h]))
        found[t, h, memories] = arrays["reads.values"][start[row] : start[row + 1]]
    np.testing.assert_allclose(found, trace.reads, rtol=1e-6, atol=0)


def test_a_small_budget_keeps_the_heaviest_memories():
    trace = noise(MCConfig(segment_length=2), 60)
    _, arrays = read(trace, budget=1000)
    assert "states.M" not in arrays
    start = arrays["reads.start"]
    for row in range(trace.T * trace.H):
        t, h = divmod(row, trace.H)
        kept = arrays["reads.memory"][start[row] : start[row + 1]]
        n = trace.segment_of[t] + 1
        assert len(kept) == min(n, payload.FEWEST)
        left = np.setdiff1d(np.arange(n), kept)
        assert not len(left) or trace.weights[t, h, left].max() <= trace.weights[t, h, kept].min()


@given(st.integers(5_000, 80_000))
def test_states_stay_within_their_budget_and_near_their_values(budget):
    trace = noise(MCConfig(segment_length=8), 40)
    header, arrays = read(trace, budget=budget)
    states = [array for name, array in arrays.items() if name.startswith(("states.", "changes."))]
    assert sum(array.nbytes for array in states) <= budget
    if not states:
        return
    exact = np.stack([trace.states(t)["M"] for t in range(trace.T)])
    unit = header["scales"].get("states.M", 1.0)
    half = {"f": 2.0**-11 * np.abs(exact).max(), "i": unit / 2}[states[0].dtype.kind]
    assert np.abs(arrays["states.M"] * unit - exact).max() <= half * (1 + 1e-6)


def test_changes_lead_from_state_to_state():
    trace = noise(MCConfig(memory="titans", start="checkpoint", segment_length=8), 24)
    _, arrays = read(trace)
    for name in ("W1", "W2"):
        before = np.concatenate([trace.initial[name][None], arrays[f"states.{name}"][:-1]])
        np.testing.assert_allclose(before + arrays[f"changes.{name}"], arrays[f"states.{name}"], atol=1e-6)


def test_the_mixed_memory_gives_the_output_of_soup():
    trace = noise(MCConfig(aggregator="soup", segment_length=8), 24)
    _, arrays = read(trace)
    said = np.einsum("thvk,thk->thv", arrays["mixed.M"], trace.q)
    np.testing.assert_allclose(said, trace.output, atol=1e-4)


@pytest.mark.parametrize("memory", ["delta", "titans"])
def test_a_write_lowers_its_inner_loss(memory):
    trace = noise(MCConfig(memory=memory, segment_length=8), 24)
    before, after = np.moveaxis(read(trace)[1]["losses"], -1, 0)
    if memory == "titans":  # momentum and decay may climb for a moment
        assert np.mean(after < before) > 0.8
    else:
        assert (after < before).all()


def test_events_are_where_things_happen():
    trace = library()
    _, arrays = read(trace)
    assert list(np.flatnonzero(arrays["events.boundary"])) == [start for start, _ in trace.segments]
    changed = arrays["events.selection"].astype(bool)
    for t in range(1, trace.T):
        assert np.array_equal(changed[t], (trace.selected[t] != trace.selected[t - 1]).any(-1))
    right = [row[0] for row in trace.predictions.tokens]
    wrong = [t for t, target in enumerate(trace.predictions.targets) if target and right[t] != target]
    assert list(np.flatnonzero(arrays["events.wrong"])) == wrong
    even = noise(MCConfig(aggregator="grm", segment_length=4), 12)
    assert (read(even)[1]["events.entropy"][:4] == 0).all()


def test_two_runs_and_their_difference():
    a, b = library(MCConfig(aggregator="ssc")), library(MCConfig(aggregator="grm"))
    header, arrays = payload.unpack(payload.pack(a, b))
    assert [run["aggregator"] for run in header["runs"]] == ["ssc", "grm"]
    first = header["difference"]["first"]
    apart = np.flatnonzero((a.output != b.output).any((1, 2)))
    assert first["output"] == apart[0]
    np.testing.assert_allclose(arrays["difference.output"], b.output - a.output, atol=1e-6)
    np.testing.assert_allclose(arrays["difference.size"], np.abs(b.output - a.output).max(-1), atol=1e-6)
    same = payload.unpack(payload.pack(a, a))[0]["difference"]["first"]
    assert set(same.values()) == {None}


def test_runs_that_do_not_go_in_step_are_refused():
    with pytest.raises(ValueError, match="other: expected a run of 21 tokens"):
        payload.pack(noise(MCConfig(), 21), noise(MCConfig(), 22))


def test_equal_arguments_have_equal_names():
    a, b = noise(MCConfig(), 21), noise(MCConfig(), 21, seed=1)
    assert payload.identity(a) == payload.identity(noise(MCConfig(), 21))
    names = {payload.identity(a), payload.identity(b), payload.identity(a, b), payload.identity(a, budget=1)}
    assert len(names) == 4
    assert payload.unpack(payload.pack(a))[0]["id"] == payload.identity(a)


def test_every_array_starts_on_eight_bytes():
    data = payload.pack(library())
    header, _ = payload.unpack(data)
    assert all(spec["at"] % 8 == 0 for spec in header["arrays"].values())


@pytest.mark.parametrize("data", [b"", b"mcviz/1\n", b"PK\x03\x04 and so on, and so forth"])
def test_what_is_no_payload_is_refused(data):
    with pytest.raises(ValueError, match="payload"):
        payload.unpack(data)


@pytest.mark.parametrize("aggregator", ["grm", "soup"])
@pytest.mark.parametrize("budget", [1_000_000, 30_000])
def test_online_states_around_a_token(aggregator, budget):
    trace = noise(MCConfig(aggregator=aggregator, segment_length=40, start="checkpoint"), 100)
    for t in (0, 39, 40, 63, 99):
        header, arrays = payload.unpack(payload.pack_online(trace, t, budget=budget))
        span = header["online"][0]
        begin, end = trace.segments[trace.segment_of[t]]
        assert begin <= span["start"] <= t < span["stop"] <= end
        room = budget // (4 * (3 if aggregator == "soup" else 2) * trace.initial["M"].size)
        assert span["stop"] - span["start"] == min(room, end - begin)
        assert sum(array.nbytes for array in arrays.values()) <= budget
        for n in {span["start"], t, span["stop"] - 1}:
            got = arrays["0.states.M"][n - span["start"]]
            assert np.array_equal(got, trace.states(n)["M"].astype(np.float32))
    assert header["id"] == payload.identity(trace, budget=budget)
    with pytest.raises(ValueError, match="t: expected a token from 0 to 99"):
        payload.pack_online(trace, 100)


def test_whether_states_are_carried_is_known_beforehand():
    trace = noise(MCConfig(segment_length=8), 40)
    for budget in (5_000, 20_000, 80_000, 4_000_000):
        for other in (None, trace):
            data = payload.unpack(payload.pack(trace, other, budget=budget))[1]
            assert payload.carries_states(trace, other, budget) == ("0.states.M" in data)


def peak(function, *arguments, **options):
    """The most bytes that a call held at once."""
    tracemalloc.start()
    function(*arguments, **options)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("aggregator", ["grm", "soup"])
def test_a_rest_at_a_token_takes_its_window_and_no_more(aggregator):
    """Half a megabyte a token, 60 tokens in the segment: 30 MB of states, of which the budget has room for one."""
    trace = noise(MCConfig(aggregator=aggregator, segment_length=60), 60, H=1, K=256, V=256)
    assert not payload.carries_states(trace)
    assert peak(payload.pack_online, trace, 59, budget=1_500_000) < 8_000_000
    assert peak(payload.pack, trace) < 8_000_000


def test_many_checkpoints_are_packed_one_after_the_other():
    trace = noise(MCConfig(segment_length=1), 40, H=1, K=320, V=320)
    assert trace.hash  # has them side by side, and is kept
    whole = 40 * 320 * 320 * 8
    assert peak(payload.pack, trace, budget=100_000) < whole / 2


@pytest.mark.parametrize("block", [1, 50, 1000])
def test_checkpoints_as_bytes_are_what_they_were_all_at_once(block, monkeypatch):
    monkeypatch.setattr(payload, "BLOCK", block)  # a row is 24 numbers
    rng = np.random.default_rng(0)
    rows = [rng.standard_normal((2, 3, 4)).astype(np.float32) for _ in range(5)]
    rows[2][0, 0] = np.inf, np.nan, -np.inf, 100
    unit, values = payload._quantise(rows)
    stacked = np.stack(rows)
    finite = np.isfinite(stacked)
    assert unit == 100 / 127
    assert values.dtype == np.int8
    assert np.array_equal(values, np.where(finite, np.rint(np.where(finite, stacked, 0) / unit), payload.UNDEFINED))
    assert payload._quantise([np.zeros(3)])[0] == 1.0


@pytest.mark.parametrize("cfg", CONFIGS, ids=NAMES)
def test_shares_and_words_are_those_of_the_run(cfg):
    trace = noise(cfg, 21)
    said = np.where(trace.readable, np.arange(trace.T)[:, None] % 2, -1)
    trace = replace(trace, alone=Alone(("no", "yes"), said, np.where(said < 0, 0, 0.5)), fact=3)
    header, arrays = read(trace)
    wanted = shares(trace)
    assert ("shares" in arrays) == (wanted is not None)
    if wanted is not None:
        reachable = np.broadcast_to(trace.readable[:, None], wanted.shape)
        assert np.array_equal(arrays["shares"], wanted[reachable].astype(np.float32))
        assert header["equations"]["share"]["source"].startswith("mcviz/reference/contribution.py, line ")
    assert np.array_equal(arrays["alone.said"], said[trace.readable])
    assert header["words"] == ["no", "yes"]
    assert header["fact"] == 3
    assert not any(name.startswith("alone") for name in read(noise(cfg, 21))[1])


def test_every_word_that_a_label_explains_is_in_the_glossary():
    said = payload.unpack(payload.pack(noise(MCConfig(), 5)))[0]["glossary"]
    assert set(said) == set(glossary.SPELLINGS)
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in assets.FRONT.rglob("*.js"))
    labels = set(re.findall(r'\bterm\(\s*"([^"]+)"|new Strip\("[^"]+", "([^"]+)"', scripts))
    labels = {name for pair in labels for name in pair if name}
    named = set(re.findall(r"dataset\.term = ([^;]+);", scripts))
    labels |= {word for each in named for word in re.findall(r'"([^"]+)"', each)}
    assert len(labels) >= 18
    assert labels <= set(glossary.SPELLINGS)


@pytest.mark.parametrize(("length", "says"), [(21, "segments of 21"), (22, "all 21 tokens are one")])
def test_segments_longer_than_the_run_are_remarked(length, says):
    header, _ = read(noise(MCConfig(segment_length=length), 21))
    assert says in header["about"]
    assert ("longer" in header["about"]) == (length > 21)


def test_a_run_that_was_packed_before_is_not_packed_again(monkeypatch):
    first, second = (noise(MCConfig(segment_length=4), 12, seed=seed) for seed in (91, 92))
    packed = []
    run = payload.run_of
    monkeypatch.setattr(payload, "run_of", lambda trace, budget: packed.append(trace.hash) or run(trace, budget))
    fresh = payload.pack(first, second)
    assert payload.pack(first, second) == fresh
    assert packed == [first.hash, second.hash]
    assert payload.pack(second) != payload.pack(second, first)
    others = [noise(MCConfig(segment_length=4), 12, seed=seed) for seed in range(93, 99)]
    for each in others:
        payload.pack(each)
    assert list(payload._kept) == others[-payload.KEPT :]


def test_a_payload_with_a_name_is_the_same_but_for_hashes_which_nobody_computes():
    runs = [replace(noise(MCConfig(segment_length=4), 12, seed=seed), title="anew") for seed in (91, 92)]
    first, second = runs
    header, arrays = payload.unpack(payload.pack(first, second, name="a"))
    online, _ = payload.unpack(payload.pack_online(first, 3, second, name="a"))
    assert header["id"] == online["id"] == "a"
    assert not any("hash" in vars(run) for run in runs)
    whole, same = payload.unpack(payload.pack(first, second))
    assert [run.pop("hash") for run in whole["runs"]] == [run.hash for run in runs]
    assert whole | {"id": "a", "arrays": None} == header | {"arrays": None}
    assert all(np.array_equal(same[name], array) for name, array in arrays.items())


@pytest.mark.parametrize("memory", ["linear", "titans", "dla"])
def test_a_run_of_one_memory_is_shown_as_one(memory, tmp_path):
    cfg = MCConfig(memory=memory, aggregator="none", start="checkpoint", segment_length=4)
    trace, whole = (noise(replace(cfg, segment_length=length), T=10) for length in (4, 10))
    trace.save(tmp_path / "old.npz")
    header, arrays = payload.unpack(payload.pack(type(trace).load(tmp_path / "old.npz"), whole))
    (one, _) = header["runs"]
    assert one["segments"] == [[0, 10]]
    assert one["N"] == 1
    assert "one memory for all 10 tokens" in one["about"]
    for name in ("output", "weights", "scores", "read", "reads.values", "counts.reads", "events.boundary"):
        np.testing.assert_array_equal(arrays[f"0.{name}"], arrays[f"1.{name}"])
    for name in readable(cfg):
        for group in ("states", "checkpoints"):
            np.testing.assert_allclose(arrays[f"0.{group}.{name}"], arrays[f"1.{group}.{name}"], rtol=1e-6, atol=1e-7)


def test_memories_that_begin_with_their_segments_are_shown_each():
    for changes in ({"start": "independent"}, {"aggregator": "residual"}):
        trace = noise(replace(MCConfig(aggregator="none", start="checkpoint", segment_length=4), **changes), T=10)
        assert joined(trace) is trace
        assert payload.unpack(payload.pack(trace))[0]["runs"][0]["N"] == 3
