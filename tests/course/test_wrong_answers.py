# ruff: noqa: E501 (answers stand as they were typed)
"""What a checker says to wrong answers, to cheats, and to unusual right ones."""

import linecache
import time

import numpy as np
import pytest

from mcviz.course import exercises
from mcviz.course.exercises import call
from mcviz.course.exercises import exercise as searching
from tests.course.wrong_answers import WRONG, answers

names = [name for name in exercises.ALL if name in WRONG]
pytestmark = pytest.mark.usefixtures("unchecked")  # students may return anything


def written(source, name):
    """A function, as if it had been typed into a cell of a notebook."""
    file = f"<cell {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    cell = {"np": np}
    exec(compile(source, file, "exec"), cell)
    return cell[name]


SECONDS = call.LIMIT_SECONDS
ENDLESS = "did not come to an end"


@pytest.mark.parametrize("name", names)
def test_wrong_answers_are_named_or_located(name, monkeypatch):
    """At least eight an exercise, seven of ten named; the others have a smallest case, or the line that stopped."""
    wrong = answers(name)
    assert len(wrong) >= 8
    for source, said in wrong:
        monkeypatch.setattr(call, "LIMIT_SECONDS", 0.3 if said == ENDLESS else SECONDS)
        verdict = exercises.ALL[name].check(written(source, name))
        assert not verdict.passed, source
        assert said in verdict.says, (source, verdict.says)
        if isinstance(verdict.got, Exception) and ENDLESS not in verdict.says:
            assert "in line" in verdict.differs
        if not said:
            assert verdict.case
    assert sum(bool(said) for _, said in wrong) >= 0.7 * len(wrong)


def test_every_exercise_has_its_wrong_answers():
    assert set(WRONG) == set(exercises.ALL)


CHEATS = {
    "select": "def select(scores, k):\n    return sorted(np.argsort(-scores)[:k].tolist())",
    "frugal_read": "def frugal_read(cache, q, weights):\n    return np.einsum('n,nvk,k->v', weights, cache.memories, q)",
    "chunked": "def chunked(q, k, v, size):\n    return np.tril(q @ k.T) @ v",
    "masked": "def masked(q, k, v, w, s):\n    rows = [(w[t, s[:t + 1]] * (k[:t + 1] @ q[t])) @ v[:t + 1] for t in range(len(q))]\n"
    "    return np.array(rows)",
}


@pytest.mark.parametrize("name", CHEATS)
def test_what_only_looks_right_fails(name):
    assert not exercises.ALL[name].check(written(CHEATS[name], name)).passed


def test_a_counter_cannot_be_reset():
    def resets(cache, q, weights):
        y = sum(w * cache.read(i, q) for i, w in enumerate(weights))
        cache.count = 0
        return y

    verdict = exercises.frugal_read.check(resets)
    assert not verdict.passed
    assert "AttributeError" in verdict.differs


def test_grm_for_small_keys_alone_fails():
    right = exercises.grm.solution

    def small(q, k, v, u, cuts):
        return right(q, k, v, u, cuts) if k.shape[1] <= 3 else np.tril(q @ k.T) @ v

    assert not exercises.grm.check(small).passed


def test_a_loop_over_tokens_fails_however_it_is_written():
    def vectorised(q, k, v, w, s):
        return np.vectorize(lambda t: (w[t, s[: t + 1]] * (k[: t + 1] @ q[t])) @ v[: t + 1], signature="()->(v)")(
            np.arange(len(q))
        )

    def mapped(q, k, v, size):
        memories = np.cumsum(v[:, :, None] * k[:, None], axis=0)
        return np.array(list(map(lambda M, one: M @ one, memories, q)))

    assert "there is a loop" in exercises.masked.check(vectorised).says
    assert "a loop over tokens" in exercises.chunked.check(mapped).says


UNUSUAL = [
    ("write", "def write(M, k, v): return M + np.einsum('v,k->vk', v, k)"),
    ("write", "def write(M, k, v): return (M + np.outer(v, k)).tolist()"),
    ("write", "def write(M, k, v): return (M + np.outer(v, k)).astype(np.float32)"),
    ("write", "import torch\ndef write(M, k, v): return torch.tensor(M) + torch.outer(torch.tensor(v), torch.tensor(k))"),
    ("gate", "import torch\ndef gate(u, contexts): return torch.softmax(torch.tensor(contexts @ u), 0)"),
    ("cuts", "def cuts(T, C): return [[i, min(i + C, T)] for i in range(0, T, C)]"),
    ("cuts", "def cuts(T, C): return np.array([(i, min(i + C, T)) for i in range(0, T, C)])"),
    ("select", "import heapq\ndef select(s, k): return sorted(heapq.nsmallest(k, range(len(s)), key=lambda i: (-s[i], i)))"),
    ("select", "def select(s, k): return np.sort(np.lexsort((np.arange(len(s)), -s))[:k])"),
    ("sparse_gate", "def sparse_gate(s, k):\n"
     "    e = np.exp(s - s.max()); e[np.argsort(-s[:-1], kind='stable')[k:]] = 0\n    return e / e.sum()"),
    ("masked", "def masked(q, k, v, w, s): return np.einsum('tj,tk,jk,jv->tv', np.tril(w[:, s]), q, k, v)"),
    ("masked", "import torch\ndef masked(q, k, v, w, s):\n"
     "    q, k, v, w, s = (torch.tensor(x) for x in (q, k, v, w, s))\n    return torch.tril(w[:, s] * (q @ k.T)) @ v"),
    ("chunked", "def chunked(q, k, v, n):\n    M, out = np.zeros((v.shape[1], k.shape[1])), []\n"
     "    for a in range(0, len(v), n):\n        Q, K, V = q[a:a+n], k[a:a+n], v[a:a+n]\n"
     "        out.append(Q @ M.T + np.tril(Q @ K.T) @ V); M = M + V.T @ K\n    return np.concatenate(out)"),
    ("checkpoints", "def checkpoints(k, v, cuts, start):\n"
     "    return tuple(v[(a if start == 'independent' else 0):b].T @ k[(a if start == 'independent' else 0):b] for a, b in cuts)"),
    ("break_even", "def break_even(d, e): return float(e * d + 1 if e else d // 2 + 1)"),
    ("hit_rate", "def hit_rate(c, seg, src):\n    ask = (src >= 0) & (seg[src] < seg)\n"
     "    return c[ask, seg[src][ask]].mean() if ask.any() else 0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "source"), UNUSUAL, ids=[f"{name}-{n}" for n, (name, _) in enumerate(UNUSUAL)])
def test_an_unusual_right_answer_passes(name, source, monkeypatch):
    monkeypatch.setattr(searching, "TRIALS", 50)  # the smallest shapes come first
    if "torch" in source:
        pytest.importorskip("torch")
    verdict = exercises.ALL[name].check(written(source, name))
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("cuts", "def cuts(T, C): return ((i, min(i + C, T)) for i in range(0, T, C))", "return a list"),
        ("cuts", "def cuts(T, C): return map(tuple, [(i, min(i + C, T)) for i in range(0, T, C)])", "a map"),
        ("cuts", "def cuts(T, C): return {(i, min(i + C, T)) for i in range(0, T, C)}", "a set has no order"),
        ("write", "def write(M, k, v): return np.round(M + np.outer(v, k), 5)", "Right but for rounding"),
        (
            "gate",
            "def gate(u, c): e = np.exp(c @ u - (c @ u).max()); return (e / e.sum()).astype(np.float16)",
            "rounding",
        ),
        ("write", "def write(M, k, v): print('M is', M)", "It printed 'M is"),
        (
            "gate",
            "def gate(u, c): e = np.exp(c @ u - (c @ u).max()); return (e / e.sum())[:, None]",
            "an axis of length 1",
        ),
    ],
)
def test_what_is_nearly_right_is_told_what_to_change(name, source, said):
    verdict = exercises.ALL[name].check(written(source, name))
    assert not verdict.passed
    assert said in verdict.says


def test_numbers_that_differ_look_different():
    said = exercises.write.check(lambda M, k, v: M + np.outer(v, k) + 1e-8).differs
    one, other = said.split("expected ")[1].split(", got ")
    assert one != other.split(". ")[0]


def test_the_line_that_stopped_is_named():
    source = "def write(M, k, v):\n    n = len(k)\n    return M[n + 99]\n"
    verdict = exercises.write.check(written(source, "write"))
    assert "It stopped in line 3, `return M[n + 99]`, with IndexError" in verdict.says


def test_what_was_printed_is_kept_and_shown(capsys):
    def chatty(M, k, v):
        print("shape", M.shape)
        return M

    verdict = exercises.write.check(chatty)
    assert capsys.readouterr().out == ""
    assert "shape (1, 1)" in repr(verdict)
    assert "printed" in verdict._repr_html_()


def test_a_loop_without_end_is_stopped(monkeypatch):
    def forever(T, C):
        while True:
            pass

    with monkeypatch.context() as patch:
        patch.setattr(call, "LIMIT_SECONDS", 0.2)
        verdict = exercises.cuts.check(forever)
    assert "did not come to an end within 0.2 seconds of computing" in verdict.says
    time.sleep(0.3)  # and nothing is left that could stop what comes after
    assert exercises.cuts.check(exercises.cuts.solution).passed


class Swallows:
    """Python drops what is raised in a `__del__`, as it does in callbacks of the garbage collector."""

    def __del__(self):
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_is_stopped_although_the_first_attempt_is_lost(monkeypatch):
    def lost(T, C):
        Swallows()
        until = time.monotonic() + 5
        while time.monotonic() < until:
            pass

    def caught(T, C):
        until = time.monotonic() + 5
        while time.monotonic() < until:
            try:
                time.sleep(0)
            except Exception:
                continue

    monkeypatch.setattr(call, "LIMIT_SECONDS", 0.2)
    for answer in (lost, caught):
        assert ENDLESS in exercises.cuts.check(answer).says


def test_an_answer_that_has_to_wait_is_not_stopped_unless_it_waits_for_ever(monkeypatch):
    monkeypatch.setattr(call, "LIMIT_SECONDS", 0.1)
    monkeypatch.setattr(call, "WAITING", 1000)
    assert call.call(lambda: time.sleep(0.4) or 7).value == 7
    monkeypatch.setattr(call, "WAITING", 2)
    assert "did not come to an end" in call.call(lambda: [time.sleep(0.01) for _ in iter(int, 1)]).stopped


@pytest.mark.parametrize("name", ["masked", "soup"])
def test_shrunk_gates_stay_gates(name):
    verdict = exercises.ALL[name].check(lambda *given: 3)
    weights = verdict.case["weights"]
    np.testing.assert_allclose(weights.sum(-1), 1)
    assert (weights >= 0).all()


@pytest.mark.parametrize("name", [name for name in exercises.ALL if name not in ("cuts", "binary_cuts", "break_even")])
def test_a_shrunk_case_is_not_all_zero(name):
    verdict = exercises.ALL[name].check(lambda *given: np.full((3, 3), 7.0))
    numbers = [value for value in verdict.case.values() if isinstance(value, np.ndarray) and value.dtype.kind == "f"]
    assert not numbers or any(array.any() for array in numbers)


def test_accuracies_stay_accuracies():
    case = exercises.paired_interval.check(lambda a, b, t: (0, 0)).case
    assert ((case["a"] >= 0) & (case["a"] <= 1)).all()


@pytest.mark.parametrize("name", ["grm", "attention", "chunked"])
def test_the_answer_s_run_stands_beside_the_right_one(name):
    exercise = exercises.ALL[name]
    verdict = exercise.check(lambda *given: exercise.solution(*given) + 1)
    np.testing.assert_array_equal(verdict.other.output[:, 0], verdict.got)
    assert verdict.other.T == verdict.trace.T
    assert exercise.check(lambda *given: np.zeros(99)).other is None
