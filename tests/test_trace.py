"""A Trace holds together, survives a file, and takes nothing else for one."""

import dataclasses
import io
import json
import pickle
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcviz import MCConfig, Trace
from mcviz.reference import memory_caching
from mcviz.stepper.payload import pack, unpack
from mcviz.trace import Alone, Predictions
from mcviz.trace import file as stored
from mcviz.trace.file import arrays
from tests.runs import VARIANTS, coefficients, label, tokens

pytestmark = pytest.mark.usefixtures("unchecked")

T, H, K, V = 7, 2, 4, 3
N = 3


CONFIG = MCConfig(segment_length=3)


def run(cfg=CONFIG, seed=0, **labels):
    """A Trace of 7 random tokens in segments of 3, 3 and 1."""
    trace = memory_caching(*tokens(T, H, K, V, seed), cfg, coefficients(cfg, T, H, K, seed))
    return dataclasses.replace(trace, **labels)


def labelled(**changes):
    """A Trace with all that a model adds to it."""
    said = Predictions(
        tokens=tuple(("a", "b") for _ in range(T)),
        probabilities=np.full((T, 2), 0.5),
        targets=("",) * (T - 1) + ("a",),
        target_probabilities=np.eye(1, T, T - 1)[0] / 2,
    )
    words = ("the", "naïve", "🦀", "<b>", '"', "\\", "")
    known = {"tokens": words, "sources": (-1, -1, 0, -1, 3, 6, 2), "predictions": said, "title": "π ≈ 3"}
    return run(MCConfig(memory="titans", aggregator="ssc", segment_length=3), **{**known, **changes})


def heard(**changes):
    """What a model would say from each memory alone, of one word in two."""
    trace = run()
    said = np.where(trace.readable, 1, -1)
    said[4, 0] = -1
    known = {"words": ("no", "🦀"), "said": said, "probabilities": np.where(said < 0, 0, 0.25)}
    return Alone(**{**known, **changes})


def saved(trace):
    file = io.BytesIO()
    trace.save(file)
    return file.getvalue()


def loaded(data):
    return Trace.load(io.BytesIO(data))


def refused(data):
    """Whether `load` refuses `data`, and says so as it should; any other exception passes through."""
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            loaded(data)
        except ValueError as error:
            said = str(error)
    expected = "trace: expected a file written by Trace.save, got another or a damaged one ("
    assert not said or (said.startswith(expected) and len(said) < 500)
    return bool(said)


def rewritten(data, header=None, **arrays):
    """The file with some entries replaced (None takes one out, a dot is written `__`)."""
    with np.load(io.BytesIO(data)) as stored:
        entries = {name: stored[name] for name in stored.files}
    said = json.loads(str(entries["header"]))
    entries["header"] = np.array(json.dumps(header(said) if header else said))
    entries |= {name.replace("__", "."): array for name, array in arrays.items()}
    file = io.BytesIO()
    np.savez(file, **{name: array for name, array in entries.items() if array is not None})
    return file.getvalue()


# ---- what it says of itself


def test_sizes_and_segments():
    trace = run()
    assert (trace.T, trace.H, trace.N, trace.K, trace.V) == (T, H, N, K, V)
    assert trace.segments == [(0, 3), (3, 6), (6, 7)]
    assert trace.segment_of.tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert trace.readable.tolist() == [[True, False, False]] * 3 + [[True, True, False]] * 3 + [[True] * 3]


def test_what_is_read_is_what_is_selected_and_its_own():
    ssc = run(MCConfig(aggregator="ssc", top_k=1, segment_length=3))
    assert ssc.read.sum(-1).tolist() == [[1, 1]] * 3 + [[2, 2]] * 4
    assert run(MCConfig(aggregator="none", segment_length=3)).read.sum(-1).tolist() == [[1, 1]] * T


def test_contexts_are_those_of_checkpoints_and_the_running_one():
    trace = run()
    for t, s in enumerate(trace.segment_of):
        for i in range(N):
            row = trace.checkpoint_contexts[i] if i < s else trace.online_contexts[t] if i == s else 0
            assert (trace.contexts[t, :, i] == row).all()


@pytest.mark.parametrize("start", ["independent", "checkpoint"])
@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_the_state_at_a_token_is_what_its_output_was_read_from(cfg, start):
    from mcviz.reference import memory

    cfg = dataclasses.replace(cfg, aggregator="none", segment_length=3, start=start)
    trace = loaded(saved(run(cfg)))
    for t in range(T):
        assert np.array_equal(memory.rule(cfg).read(trace.states(t), trace.q[t]), trace.output[t])
    for s, (_, stop) in enumerate(trace.segments):
        assert all(np.array_equal(trace.states(stop - 1)[name], array) for name, array in trace.checkpoints[s].items())


@pytest.mark.parametrize("t", [-1, T, 1.0, "0", None])
def test_there_is_no_state_at_no_token(t):
    with pytest.raises(ValueError, match=rf"^t: expected a token from 0 to {T - 1}, got "):
        run().states(t)


def test_equal_runs_have_equal_hashes_and_others_have_not():
    labels = ({}, {"title": "e"}, {"tokens": ()}, {"sources": ()}, {"predictions": None})
    hashes = [trace.hash for trace in (run(), run(seed=1), *(labelled(**changes) for changes in labels))]
    assert len(set(hashes)) == len(hashes)
    assert labelled().hash == labelled().hash == loaded(saved(labelled())).hash


# ---- what it refuses to be


def without(mapping, name):
    return {key: value for key, value in mapping.items() if key != name}


def spoiled(array, value, *index):
    array = array.copy()
    array[index] = value
    return array


trace = labelled()
VIOLATIONS = {
    "no array": ("q", {"q": trace.q.tolist()}),
    "rank of q": ("q", {"q": trace.q[0]}),
    "no tokens": ("q", {"q": trace.q[:0]}),
    "rank of v": ("v", {"v": trace.v[..., None]}),
    "fewer values": ("v", {"v": trace.v[1:]}),
    "whole numbers": ("k", {"k": np.ones((T, H, K), int)}),
    "text": ("u", {"u": np.full((T, H, K), "1.0")}),
    "objects": ("output", {"output": trace.output.astype(object)}),
    "NaN": ("q", {"q": spoiled(trace.q, np.nan, 0, 0, 0)}),
    "inf": ("v", {"v": spoiled(trace.v, np.inf, 0, 0, 0)}),
    "other segments": ("segments", {"segments": [(0, 4), (4, 7)]}),
    "segments of floats": ("segments", {"segments": [(0.0, 3.0), (3.0, 6.0), (6.0, 7.0)]}),
    "no segments": ("segments", {"segments": []}),
    "another config": ("segments", {"config": dataclasses.replace(trace.config, segment_length=4)}),
    "another rule": ("checkpoints", {"config": MCConfig(memory="dla", aggregator="ssc", segment_length=3)}),
    "another aggregator": ("arrays", {"config": dataclasses.replace(trace.config, aggregator="soup")}),
    "no reads": ("arrays", {"reads": None}),
    "scores of fewer segments": ("scores", {"scores": trace.scores[..., 1:]}),
    "counts of floats": (r"counts\.flops", {"counts": {**trace.counts, "flops": np.ones(T)}}),
    "no counts": ("arrays", {"counts": {}}),
    "an unknown count": ("arrays", {"counts": {**trace.counts, "joules": trace.counts["flops"]}}),
    "no coefficients": ("arrays", {"coefficients": {}}),
    "a coefficient's shape": (r"coefficients\.eta", {"coefficients": {**trace.coefficients, "eta": np.ones(T)}}),
    "no initial state": ("arrays", {"initial": {}}),
    "an initial state's shape": (r"initial\.W1", {"initial": {**trace.initial, "W1": trace.initial["W2"]}}),
    "too few checkpoints": ("checkpoints", {"checkpoints": trace.checkpoints[1:]}),
    "no checkpoints": ("checkpoints", {"checkpoints": ()}),
    "half a checkpoint": (
        "checkpoints",
        {"checkpoints": (*trace.checkpoints[1:], without(trace.checkpoints[0], "W1"))},
    ),
    "a checkpoint's shape": (
        "checkpoints",
        {"checkpoints": (*trace.checkpoints[1:], {**trace.checkpoints[0], "W1": trace.initial["W2"]})},
    ),
    "a selected later segment": ("selected", {"selected": spoiled(trace.selected, True, 0, 0, 2)}),
    "its own segment selected": ("selected", {"selected": spoiled(trace.selected, True, 0, 0, 0)}),
    "a score for what is to come": ("scores", {"scores": spoiled(trace.scores, 0.0, 0, 0, 2)}),
    "a weight for what is to come": ("weights", {"weights": spoiled(trace.weights, 0.1, 0, 0, 2)}),
    "a read of what is to come": ("reads", {"reads": spoiled(trace.reads, 0.1, 0, 0, 2, 0)}),
    "too few labels": ("tokens", {"tokens": ("a",)}),
    "labels of numbers": ("tokens", {"tokens": tuple(range(T))}),
    "labels of NaN": ("tokens", {"tokens": (float("nan"),) * T}),
    "too few sources": ("sources", {"sources": (0,)}),
    "sources of floats": ("sources", {"sources": (0.0,) * T}),
    "sources of booleans": ("sources", {"sources": (True,) * T}),
    "sources out of range": ("sources", {"sources": (T,) + (0,) * (T - 1)}),
    "a title of a number": ("title", {"title": 3}),
    "a title that no page shows": ("title", {"title": "x" * 1001}),
    "a label that no page shows": ("tokens", {"tokens": ("x" * 1001,) * T}),
    "a prediction that no page shows": (
        r"predictions\.tokens",
        {"predictions": dataclasses.replace(trace.predictions, tokens=(("a", "x" * 1001),) * T)},
    ),
    "an answer that no page shows": (
        r"predictions\.targets",
        {"predictions": dataclasses.replace(trace.predictions, targets=("x" * 1001,) * T)},
    ),
    "too few predictions": (
        r"predictions\.tokens",
        {"predictions": dataclasses.replace(trace.predictions, tokens=trace.predictions.tokens[1:])},
    ),
    "ragged predictions": (
        r"predictions\.tokens",
        {"predictions": dataclasses.replace(trace.predictions, tokens=(*trace.predictions.tokens[1:], ("a",)))},
    ),
    "more probabilities than labels": (
        r"predictions\.probabilities",
        {"predictions": dataclasses.replace(trace.predictions, probabilities=np.ones((T, 3)))},
    ),
    "too few targets": (
        r"predictions\.targets",
        {"predictions": dataclasses.replace(trace.predictions, targets=("a",))},
    ),
    "too few probabilities of targets": (
        r"predictions\.target_probabilities",
        lambda: {"predictions": dataclasses.replace(trace.predictions, target_probabilities=np.ones(2))},
    ),
}


@pytest.mark.parametrize("case", VIOLATIONS)
def test_a_violation_of_the_schema_is_refused_by_name(case):
    name, changes = VIOLATIONS[case]
    changes = changes() if callable(changes) else changes
    with pytest.raises(ValueError, match=rf"^{name}: \w+ .*(got|unknown)") as caught:
        dataclasses.replace(trace, **changes)
    assert len(str(caught.value)) < 600


# ---- what it is in a file


DATA = saved(trace)
LENGTH = len(DATA)


def test_a_file_holds_all_of_it(tmp_path):
    for path in (tmp_path / "run.npz", str(tmp_path / "any.name")):
        trace.save(path)
        again = Trace.load(path)
        assert again.hash == trace.hash
        for field in ("config", "segments", "tokens", "sources", "title"):
            assert getattr(again, field) == getattr(trace, field)
        assert again.predictions.tokens == trace.predictions.tokens
        assert again.predictions.targets == trace.predictions.targets
        for name, array in arrays(trace).items():
            assert arrays(again)[name].dtype == array.dtype
            assert np.array_equal(arrays(again)[name], array)


def test_the_same_trace_is_the_same_file():
    assert saved(labelled()) == saved(labelled()) == DATA


def test_a_diverged_run_can_be_saved():
    cfg = MCConfig(memory="delta", segment_length=T)
    with np.errstate(all="ignore"):
        diverged = memory_caching(*tokens(T, H, K, V), cfg, {"eta": 1e200})
    assert diverged.diverged_at is not None
    assert loaded(saved(diverged)).diverged_at == diverged.diverged_at


HALF = "\ud83d"
"""Of an emoji, as a tokenizer that cuts one leaves it: neither UTF-8 nor a page can hold it."""


def with_halves():
    """`labelled()` with such a half in every text."""
    said = trace.predictions
    rows = tuple((HALF, *row[1:]) for row in said.tokens)
    targets = (HALF, *said.targets[1:])
    return dataclasses.replace(
        trace,
        title=f"a {HALF} b",
        tokens=(HALF, "\ud83d\ude00", *trace.tokens[2:]),
        predictions=dataclasses.replace(said, tokens=rows, targets=targets),
    )


def test_half_a_character_becomes_the_sign_for_one_that_is_lost(tmp_path):
    mended = with_halves()
    assert (mended.title, *mended.tokens[:2]) == ("a � b", "�", "😀")
    assert mended.predictions.tokens[0] == ("�", *trace.predictions.tokens[0][1:])
    assert mended.predictions.targets[0] == "�"
    assert loaded(saved(mended)).hash == mended.hash
    mended.to_html(tmp_path / "run.html")
    assert "<h1>a � b</h1>" in (tmp_path / "run.html").read_text(encoding="utf-8")
    header, _ = unpack(pack(mended))
    assert header["runs"][0]["tokens"][0] == header["runs"][0]["predictions"]["targets"][0] == "�"


def test_a_file_of_before_that_holds_half_a_character_still_loads(monkeypatch):
    monkeypatch.setattr("mcviz.trace.schema.mend_labels", lambda trace: None)
    old = saved(with_halves())
    monkeypatch.undo()
    assert loaded(old).title == "a � b"
    assert loaded(saved(loaded(old))).hash == loaded(old).hash


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        Trace.load(tmp_path / "none.npz")


def archive(**entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as stored:
        for name, content in entries.items():
            stored.writestr(f"{name}.npy", content)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def claim(shape):
    """The head of an array of that shape, and none of its numbers."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()


class Exploit:
    """What an unpickler would run."""

    ran = False

    def __reduce__(self):
        return setattr, (Exploit, "ran", True)


FOREIGN = {
    "nothing": b"",
    "text": b"q, k, v\n1, 2, 3\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a pickle": pickle.dumps({"q": trace.q}),
    "an array": npy(trace.q),
    "an empty archive": archive(),
    "an archive of something else": archive(readme="hello"),
    "other arrays": archive(x=npy(np.ones(3))),
    "only a header": archive(header=npy(np.array("{}"))),
    "a header of numbers": archive(header=npy(np.ones(3))),
    "no header": archive(q=npy(np.ones((T, H, K)))),
    "an object": archive(header=npy(np.array([Exploit()], object))),
    "a claim of too many numbers": archive(header=claim((10**15,)), q=claim((10**15, 2, 3))),
    "a claim of many numbers": archive(header=npy(np.array("{}")), q=claim((10**9,))),
    "a negative claim": archive(header=claim((-5,))),
    "nested brackets": archive(header=npy(np.array("[" * 50_000))),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused(kind):
    assert refused(FOREIGN[kind])
    assert not Exploit.ran


@pytest.mark.parametrize("name", ["q", "initial.W1", "counts.flops", "checkpoints.W2", "predictions.probabilities"])
def test_a_pickled_array_is_refused_and_not_run(name):
    evil = np.full(arrays(trace)[name].shape, None, object)
    evil.flat[0] = Exploit()
    file = io.BytesIO()
    np.savez(file, **{**{"header": np.load(io.BytesIO(DATA))["header"]}, **arrays(trace), name: evil})
    assert refused(file.getvalue())
    assert not Exploit.ran


def test_a_bomb_is_refused_before_it_unpacks(monkeypatch):
    """A few kilobytes that would become more than is allowed."""
    monkeypatch.setattr("mcviz.trace.file.MAX_BYTES", 2**25)
    bomb = archive(header=bytes(2**24), q=bytes(2**24 + 1))
    assert len(bomb) < 2**16
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"unpacks to 33,554,433 bytes, and 33,554,432 are allowed"):
        loaded(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


@given(st.integers(0, LENGTH - 1), st.integers(1, 255))
@settings(max_examples=300)
def test_a_flipped_byte_is_refused_or_changes_nothing(place, flip):
    """Some bytes of an archive say nothing of its content: its dates, for one."""
    damaged = bytearray(DATA)
    damaged[place] ^= flip
    assert refused(bytes(damaged)) or loaded(bytes(damaged)).hash == trace.hash


@given(st.integers(0, LENGTH - 1))
@settings(max_examples=50)
def test_a_truncated_file_is_refused(length):
    assert refused(DATA[:length])


@given(st.binary(max_size=300), st.integers(0, 200))
@settings(max_examples=100)
def test_random_bytes_are_refused(noise, kept):
    assert refused(noise)
    assert refused(DATA[:kept] + noise)


PLAIN = rewritten(DATA)


@given(st.integers(0, len(PLAIN) - 1), st.binary(min_size=1, max_size=8))
@settings(max_examples=300)
def test_noise_in_a_file_without_checksums_is_refused(place, noise):
    """The same entries with checksums made right again, so that what NumPy and JSON take in is noise."""
    damaged = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as whole, zipfile.ZipFile(damaged, "w") as stored:
        names = whole.namelist()
        name = names[place % len(names)]
        for each in names:
            content = bytearray(whole.read(each))
            if each == name:
                at = place % len(content)
                content[at : at + len(noise)] = noise
            stored.writestr(each, bytes(content))
    assert refused(damaged.getvalue()) or loaded(damaged.getvalue()).hash == trace.hash


@pytest.mark.parametrize("name", sorted(arrays(trace)))
def test_an_edited_array_is_refused(name):
    """The smallest change of one number."""
    array = arrays(trace)[name].copy()
    first = array.flat[0]
    array.flat[0] = (
        not first if array.dtype == bool else first + 1 if array.dtype.kind == "i" else np.nextafter(first, 9)
    )
    with pytest.raises(ValueError, match="was edited" if name != "selected" else "selected: expected"):
        loaded(rewritten(DATA, **{name.replace(".", "__"): array}))


@pytest.mark.parametrize("name", sorted(arrays(trace)))
@pytest.mark.parametrize("change", [None, np.ones(3), np.array("x"), np.array(1.0), np.ones((T, H, K), ">f8")])
def test_a_missing_or_foreign_array_is_refused(name, change):
    assert refused(rewritten(DATA, **{name.replace(".", "__"): change}))


@pytest.mark.parametrize(
    "name", ["x", "x.y", "x.y.z", "q.x", "coefficients.q.x", "checkpoints.x", "predictions.x", "."]
)
def test_a_further_array_is_refused(name):
    assert refused(rewritten(DATA, **{name.replace(".", "__"): np.ones((N, H, K))}))


HEADERS = {
    "a list": lambda said: [said],
    "nothing": lambda said: None,
    "another hash": lambda said: {**said, "hash": "0" * 64},
    "a hash of nothing": lambda said: {**said, "hash": None},
    "another version": lambda said: {**said, "version": 2},
    "another field": lambda said: {**said, "author": "me"},
    "another field of the config": lambda said: {**said, "config": {**said["config"], "colour": "red"}},
    "a config of nothing": lambda said: {**said, "config": {}},
    "a config of text": lambda said: {**said, "config": "linear"},
    "a seed of true": lambda said: {**said, "config": {**said["config"], "seed": False}},
    "a huge memory": lambda said: {**said, "config": {**said["config"], "options": {"expansion": 10**12}}},
    "segments of floats": lambda said: {**said, "segments": [[a + 0.5, b] for a, b in said["segments"]]},
    "segments of three": lambda said: {**said, "segments": [[a, b, 0] for a, b in said["segments"]]},
    "huge segments": lambda said: {**said, "segments": [[0, 10**18]]},
    "labels of text": lambda said: {**said, "tokens": "abcdefg"},
    "labels of NaN": lambda said: {**said, "tokens": [float("nan")] * T},
    "labels of nothing": lambda said: {**said, "tokens": None},
    "sources of text": lambda said: {**said, "sources": "0000000"},
    "sources of infinity": lambda said: {**said, "sources": [float("inf")] * T},
    "a title of a list": lambda said: {**said, "title": []},
    "predictions of text": lambda said: {**said, "predictions": "x"},
    "predictions of nothing": lambda said: {**said, "predictions": None},
    "predictions without labels": lambda said: {**said, "predictions": {"tokens": [], "targets": []}},
    "labels of predictions as text": lambda said: {
        **said,
        "predictions": {**said["predictions"], "tokens": ["ab"] * T},
    },
}


@pytest.mark.parametrize("case", HEADERS)
def test_an_edited_header_is_refused(case):
    assert refused(rewritten(DATA, header=HEADERS[case]))


@pytest.mark.parametrize("field", json.loads(str(np.load(io.BytesIO(DATA))["header"])))
def test_a_header_without_a_field_is_refused(field):
    assert refused(rewritten(DATA, header=lambda said: without(said, field)))


def test_another_version_is_named():
    with pytest.raises(ValueError, match="version: expected 1, got 2"):
        loaded(rewritten(DATA, header=HEADERS["another version"]))


def test_an_unchanged_header_is_not_refused():
    assert not refused(rewritten(DATA))
    assert not refused(rewritten(DATA, header=dict))


def test_its_size_is_that_of_its_arrays():
    for each in (run(), labelled(predictions=None)):
        assert each.nbytes == sum(array.nbytes for array in arrays(each).values())


def peak_of(data, **options):
    """The most bytes that a refusal held at once."""
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"trace: expected a file written by Trace\.save"):
        Trace.load(io.BytesIO(data), **options)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_a_file_is_refused_by_what_it_claims_before_any_of_it_is_taken():
    big = saved(memory_caching(*np.zeros((4, 20, 1, 500)), MCConfig(segment_length=5)))
    assert len(big) < 50_000
    assert loaded(big).nbytes > 10_000_000
    assert peak_of(big, at_most=10_000_000) < 1_000_000
    assert peak_of(archive(header=npy(np.array("{}")), q=claim((10**8,))), at_most=10**8) < 1_000_000
    assert peak_of(archive(header=claim((10**8,))), at_most=10**8) < 1_000_000


def test_the_text_of_a_file_counts_as_what_it_becomes():
    """A text of a hundred thousand empty lists takes sixty times as much once it is read."""
    text = archive(header=npy(np.array("[" + "[]," * 10**5 + "[]]")))
    assert peak_of(text, at_most=15 * 10**6) < 1_000_000
    assert peak_of(text) > 5_000_000


def test_a_file_of_many_arrays_is_refused():
    data = archive(**{f"a{i}": npy(np.zeros(1)) for i in range(300)})
    with pytest.raises(ValueError, match="it holds 300 arrays, and 256 are allowed"):
        loaded(data)


def test_reads_are_checked_without_a_copy():
    small = memory_caching(*np.zeros((4, 60, 1, 4)), dataclasses.replace(CONFIG, segment_length=1))
    reads = np.zeros((60, 1, 60, 400))
    wide = {"v": np.zeros((60, 1, 400)), "output": np.zeros((60, 1, 400)), "initial": {"M": np.zeros((1, 400, 4))}}
    states = tuple({"M": np.zeros((1, 400, 4))} for _ in range(60))
    tracemalloc.start()
    dataclasses.replace(small, reads=reads, checkpoints=states, **wide)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < reads.nbytes / 2


def test_what_a_trace_has_no_more_of_than_before_leaves_its_hash():
    """Traces of earlier versions load, and say of themselves what they said."""
    trace = labelled()
    old = {"version", "config", "segments", "tokens", "sources", "title", "predictions"}
    assert set(json.loads(stored.header(trace))) == old
    assert not any(name.startswith("alone") for name in arrays(trace))
    later = {"alone": heard(), "fact": 3, "exchanged": ((0, 1),)}
    assert set(json.loads(stored.header(labelled(**later)))) == old | set(later)
    hashes = {trace.hash, *(labelled(**{name: value}).hash for name, value in later.items())}
    assert len(hashes) == 4


def test_words_of_memories_survive_a_file():
    trace = labelled(alone=heard(), fact=2, exchanged=((0, np.int64(1)),))
    again = loaded(saved(trace))
    assert again.hash == trace.hash
    assert again.fact == 2
    assert again.exchanged == ((0, 1),)
    assert again.alone.words == ("no", "🦀")
    assert np.array_equal(again.alone.said, trace.alone.said)
    assert np.array_equal(again.alone.probabilities, trace.alone.probabilities)
    assert loaded(saved(labelled(alone=heard(words=("no", "\ud83e"))))).alone.words == ("no", "\ufffd")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"said": np.zeros((6, N), int)}, "alone.said: expected whole numbers"),
        ({"said": np.zeros((T, N))}, "alone.said: expected whole numbers"),
        ({"said": np.full((T, N), 2)}, "alone.said: expected places among 2 words"),
        ({"said": np.full((T, N), -2)}, "alone.said: expected places among 2 words"),
        ({"said": np.zeros((T, N), int)}, "alone.said: expected -1 where a memory cannot be read"),
        ({"probabilities": np.ones((T, N))}, "alone.probabilities: expected 0 where nothing is said"),
        ({"words": ("no", 3)}, "alone.words: expected labels of text"),
        ({"words": ("no", "x" * 1001)}, "alone.words: expected text of at most 1,000"),
    ],
)
def test_words_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        labelled(alone=heard(**changes))


@pytest.mark.parametrize("fact", [0, T + 1, 1.5])
def test_a_fact_that_is_no_number_of_tokens_is_refused(fact):
    with pytest.raises(ValueError, match=f"^fact: expected a number of tokens from 1 to 7, got {fact}"):
        labelled(fact=fact)


@pytest.mark.parametrize("exchanged", [((0, N),), ((-1, 0),), ((1, 1),), ((0, 1, 2),), (("0", "1"),), ((0, 1),) * 1001])
def test_what_is_no_exchange_of_two_checkpoints_is_refused(exchanged):
    with pytest.raises(
        ValueError, match=r"^exchanged: expected (pairs of segments from 0 to 2|at most 1,000 pairs), got"
    ):
        labelled(exchanged=exchanged)
