# ruff: noqa: E501 (answers stand as they were typed)
"""Wrong answers as students write them, the natural ones first: at least eight for each checker.

Each is the source of a function, and a few words of what it should be told. Where those are "", the answer is only
located: by the smallest case that it gets wrong, and by its own line if it stops. `python -m tests.course.wrong_answers`
counts them.
"""

WRONG = {
    "write": """
def write(M, k, v): return np.outer(v, k)  # latest pair alone
def write(M, k, v): return M + np.outer(k, v)  # other way round
def write(M, k, v): M += np.outer(v, k); return M  # own array
def write(M, k, v): return M + v * k  # component by component
def write(M, k, v): return M + v @ k  # inner product
def write(M, k, v): return M - np.outer(v, k)  # taken away
def write(M, k, v): return M + v[:, None] + k[None, :]  # sum of v and k
def write(M, k, v): M = M + np.outer(v, k)  # `return` missing
def write(M, k, v): return M + np.outer(v, k / np.linalg.norm(k))  # scaled to length 1
def write(M, k, v): return M.T + np.outer(k, v)  # rows and columns are exchanged
def write(M, k, v): print(M + np.outer(v, k))  # printing shows
def write(M, k, v): return 0.9 * M + np.outer(v, k)  #
def write(M, k, v): return M @ np.outer(v, k)  #
""",
    "interference": """
def interference(keys, values, j): s = keys @ keys[j]; return s[j] * values[j], s @ values  # whole read
def interference(keys, values, j): s = keys @ keys[j]; return values[j], s @ values - values[j]  # not the value alone
def interference(keys, values, j): s = keys @ keys[j]; return s[j] * values[j], s[:j] @ values[:j]  # written after j
def interference(keys, values, j): s = keys @ keys[j]; return s[j] * values[j], s[j + 1:] @ values[j + 1:]  # before j
def interference(keys, values, j): s = keys @ keys[j]; return values[j], s @ values - s[j] * values[j]  # scaled by |k|²
def interference(keys, values, j): s = keys @ keys[j]; x = s[j] * values[j]; return s @ values - x, x  # wrong order
def interference(keys, values, j): s = values @ values[j]; return s[j] * values[j], s @ values - s[j] * values[j]  # overlaps of values
def interference(keys, values, j): s = keys @ keys[j]; return s[j] * values[j], np.mean([s[i] * values[i] for i in range(len(s)) if i != j], 0) if len(s) > 1 else 0 * values[j]  # mean
def interference(keys, values, j): s = abs(keys @ keys[j]); return s[j] * values[j], s @ values - s[j] * values[j]  # negative
def interference(keys, values, j): s = keys @ keys[j]; return s[j] * values[j]  #
def interference(keys, values, j): s = keys @ keys[:, j]; return s[j] * values[j], s @ values  #
""",
    "delta_write": """
def delta_write(M, k, v, eta): return M + eta * np.outer(v, k)  # nothing is taken back
def delta_write(M, k, v, eta): return M + eta * np.outer(M @ k - v, k)  # sign
def delta_write(M, k, v, eta): return M - eta * np.outer(v - M @ k, k)  # sign
def delta_write(M, k, v, eta): return M - np.outer(M @ k - v, k)  # η is missing
def delta_write(M, k, v, eta): return M - eta * np.outer(M @ k, k) + np.outer(v, k)  # whole difference
def delta_write(M, k, v, eta): return M - eta * np.outer(k, M @ k - v)  # other way round
def delta_write(M, k, v, eta): M -= eta * np.outer(M @ k - v, k); return M  # own array
def delta_write(M, k, v, eta): return -eta * np.outer(M @ k - v, k)  # step alone
def delta_write(M, k, v, eta): return M - 2 * eta * np.outer(M @ k - v, k)  # factor 2
def delta_write(M, k, v, eta): return M - eta / (k @ k) * np.outer(M @ k - v, k)  # divided by |k|²
def delta_write(M, k, v, eta): return M - eta * (M @ k - v) @ k.T  #
def delta_write(M, k, v, eta): return M - eta * np.outer(k @ M - v, k)  #
""",
    "cuts": """
def cuts(T, C): return [(i * C, (i + 1) * C) for i in range(T // C)]  # are lost
def cuts(T, C): return [(i, i + C) for i in range(0, T, C)]  # past the end
def cuts(T, C): return [(i, min(i + C, T) - 1) for i in range(0, T, C)]  # last one inside
def cuts(T, C): return [(i, min(i + C, T)) for i in range(0, T + 1, C)]  # empty segment
def cuts(T, C): return ((i, min(i + C, T)) for i in range(0, T, C))  # generator
def cuts(T, C): return {(i, min(i + C, T)) for i in range(0, T, C)}  # set
def cuts(T, C): return [(i, C) for i in range(0, T, C)]  #
def cuts(T, C): return [(i, min(C, T - i)) for i in range(0, T, C)]  # (start, length)
def cuts(T, C): return list(range(0, T, C))  # starts alone
def cuts(T, C): return [list(range(i, min(i + C, T))) for i in range(0, T, C)]  # tokens of each
def cuts(T, C): return [range(i, min(i + C, T)) for i in range(0, T, C)]  # tokens of each
def cuts(T, C): return [(max(i - 1, 0), min(i + C, T)) for i in range(0, T, C)]  # overlap
def cuts(T, C): return [(i, min(i + C, T)) for i in range(0, T, C)][::-1]  # order
def cuts(T, C): return [(i * T // C, (i + 1) * T // C) for i in range(C)]  # C segments
def cuts(T, C): return [(i, min(i + C, T)) for i in range(1, T + 1, C)]  #
""",
    "binary_cuts": """
def binary_cuts(T):
    out, s = [], 0
    for b in range(T.bit_length()):
        if T >> b & 1: out.append((s, s + 2**b)); s += 2**b
    return out  # largest power comes first
def binary_cuts(T):
    out, s = [], 0
    while s < T: n = max(1, (T - s) // 2); out.append((s, s + n)); s += n
    return out  # Halving
def binary_cuts(T):
    out, s, n = [], 0, 1
    while s < T: out.append((s, min(s + n, T))); s += n; n *= 2
    return out  # Not every power
def binary_cuts(T): return [2**b for b in reversed(range(T.bit_length())) if T >> b & 1]  # lengths
def binary_cuts(T):
    out, s = [], 0
    for b in range(T.bit_length() - 1, 0, -1):
        if T >> b & 1: out.append((s, s + 2**b)); s += 2**b
    return out  # last bit
def binary_cuts(T):
    out, s = [], 0
    for b in reversed(range(T.bit_length())):
        if T >> b & 1: out.append((s, 2**b)); s += 2**b
    return out  # (start, length)
def binary_cuts(T):
    out, s = [], 0
    for b in reversed(range(T.bit_length() - 1)):
        if T >> b & 1: out.append((s, s + 2**b)); s += 2**b
    return out  # highest bit
def binary_cuts(T):
    n = 2 ** (T.bit_length() - 1)
    return [(0, n), (n, T)] if n < T else [(0, n)]  # cut again
def binary_cuts(T):
    out, s = [], 0
    for b in reversed(range(T.bit_length())):
        if T >> b & 1: out.append((s, s + 2**b))
    return out  # never moves
def binary_cuts(T):
    out, s = [], 0
    while T: n = 2 ** int(np.log2(T)); out.append((s, s + n)); s += n
    return out  # did not come to an end
""",
    "checkpoints": """
def checkpoints(k, v, cuts, start):
    M = np.zeros((v.shape[1], k.shape[1])); out = []
    for a, b in cuts:
        if start == "independent": M[:] = 0
        for t in range(a, b): M += np.outer(v[t], k[t])
        out.append(M)
    return out  # same array
def checkpoints(k, v, cuts, start):
    M = np.zeros((v.shape[1], k.shape[1])); out = []
    for a, b in cuts:
        if start == "independent": M = np.zeros_like(M)
        for t in range(a, b - 1): M = M + np.outer(v[t], k[t])
        out.append(M)
    return out  # never written
def checkpoints(k, v, cuts, start):
    M = np.zeros((v.shape[1], k.shape[1])); out = []
    for a, b in cuts:
        for t in range(a, b): M = M + np.outer(v[t], k[t])
        out.append(M)
    return out  # begins from zeros
def checkpoints(k, v, cuts, start): return [v[a:b].T @ k[a:b] for a, b in cuts]  # goes on from the last
def checkpoints(k, v, cuts, start):
    M = np.zeros((v.shape[1], k.shape[1])); out = []
    for a, b in cuts:
        if start == "independent": M = np.zeros_like(M)
        for t in range(a, b): M = M + np.outer(v[t], k[t]); out.append(M)
    return out  # after each token
def checkpoints(k, v, cuts, start):
    M = np.zeros((v.shape[1], k.shape[1])); out = []
    for a, b in cuts:
        if start == "independent": M = np.zeros_like(M)
        out.append(M)
        for t in range(a, b): M = M + np.outer(v[t], k[t])
    return out  # begins with
def checkpoints(k, v, cuts, start):
    M = np.zeros((k.shape[1], v.shape[1])); out = []
    for a, b in cuts:
        if start == "independent": M = np.zeros_like(M)
        for t in range(a, b): M = M + np.outer(k[t], v[t])
        out.append(M)
    return out  # other way round
def checkpoints(k, v, cuts, start):
    M = np.zeros((v.shape[1], k.shape[1])); out = []
    for a, b in cuts:
        if start == "independent": M = np.zeros_like(M)
        for t in range(a, b): M = np.outer(v[t], k[t])
        out.append(M)
    return out  # replaces the memory
def checkpoints(k, v, cuts, start):
    M = np.zeros((v.shape[1], k.shape[1])); out = []
    for a, b in cuts:
        if start == "checkpoint": M = np.zeros_like(M)
        for t in range(a, b): M = M + np.outer(v[t], k[t])
        out.append(M)
    return out  # exchanged
def checkpoints(k, v, cuts, start):
    M = np.zeros((v.shape[1], k.shape[1]))
    for a, b in cuts:
        if start == "independent": M = np.zeros_like(M)
        for t in range(a, b): M = M + np.outer(v[t], k[t])
    return M  # Only the last
def checkpoints(k, v, cuts, start):
    M = np.zeros((v.shape[1], k.shape[1])); out = []
    for a, b in cuts:
        if start == "independent": M = np.zeros_like(M)
        for t in range(a, b + 1): M = M + np.outer(v[t], k[t])
        out.append(M)
    return out  # in line
def checkpoints(k, v, cuts, start, seen=[]):
    M = np.zeros((v.shape[1], k.shape[1]))
    for a, b in cuts:
        if start == "independent": M = np.zeros_like(M)
        for t in range(a, b): M = M + np.outer(v[t], k[t])
        seen.append(M)
    return list(seen)  # kept from call to call
""",
    "running_contexts": """
def running_contexts(k, cuts): return np.concatenate([np.tile(k[a:b].mean(0), (b - a, 1)) for a, b in cuts])  # leak
def running_contexts(k, cuts): return np.cumsum(k, 0) / np.arange(1, len(k) + 1)[:, None]  # runs on
def running_contexts(k, cuts): return np.concatenate([np.cumsum(k[a:b], 0) for a, b in cuts])  # sum of the keys
def running_contexts(k, cuts): return np.array([k[a:t].mean(0) for a, b in cuts for t in range(a, b)])  # token t itself
def running_contexts(k, cuts): return np.array([k[a:t].mean(0) if t > a else 0 * k[0] for a, b in cuts for t in range(a, b)])  # token t itself
def running_contexts(k, cuts): return np.array([k[a:b].mean(0) for a, b in cuts])  # one for each segment
def running_contexts(k, cuts): return np.array([k[a:t + 1].sum(0) / (b - a) for a, b in cuts for t in range(a, b)])  # whole segment
def running_contexts(k, cuts): return np.array([k[a:t + 1].sum(0) / (t + 1) for a, b in cuts for t in range(a, b)])  # start of the sequence
def running_contexts(k, cuts): return np.array([k[a:t + 1].mean() * np.ones(k.shape[1]) for a, b in cuts for t in range(a, b)])  # axis
def running_contexts(k, cuts): return np.array([k[t] for a, b in cuts for t in range(a, b)])  # alone
def running_contexts(k, cuts):
    c = np.zeros_like(k)
    for a, b in cuts:
        for t in range(a, b): c[t] = k[t] if t == a else (c[t - 1] + k[t]) / 2
    return c  # halves
def running_contexts(k, cuts):
    c = np.zeros_like(k)
    for a, b in cuts:
        for t in range(a, b - 1): c[t] = k[a : t + 1].mean(0)
    return c  #
def running_contexts(k, cuts):
    c = np.zeros_like(k)
    for a, b in cuts:
        for t in range(a, b): c[t] = k[a : t + 1].mean(1)
    return c  #
""",
    "gate": """
def gate(u, contexts): return np.exp(contexts @ u)  # sum to 1
def gate(u, contexts): return 1 / (1 + np.exp(-contexts @ u))  # sigmoid
def gate(u, contexts): e = np.exp(contexts @ u); return e / e.sum()  # infinite
def gate(u, contexts): return contexts @ u  # scores
def gate(u, contexts): s = 1 / (1 + np.exp(-contexts @ u)); return s / s.sum()  # no softmax
def gate(u, contexts): r = contexts @ u; return r / r.sum()  # may be negative
def gate(u, contexts): r = -contexts @ u; e = np.exp(r - r.max()); return e / e.sum()  # Turned round
def gate(u, contexts): r = contexts @ u; return (r == r.max()).astype(float)  # maximum
def gate(u, contexts): r = contexts @ u / np.sqrt(len(u)); e = np.exp(r - r.max()); return e / e.sum()  # √K
def gate(u, contexts): r = contexts @ u; return r - r.max() - np.log(np.exp(r - r.max()).sum())  # logarithm
def gate(u, contexts): r = contexts @ u; e = np.exp(r - r.max()); return (e / e.sum())[:, None]  # axis of length 1
def gate(u, contexts): r = u @ contexts; e = np.exp(r - r.max()); return e / e.sum()  # in line
def gate(u, contexts): return np.full(len(contexts), 1 / len(contexts))  # equal
""",
    "grm": """
def grm(q, k, v, u, cuts): return np.tril(q @ k.T) @ v  # residual
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    for a, b in cuts:
        M = np.zeros((v.shape[1], k.shape[1]))
        for t in range(a, b):
            M = M + np.outer(v[t], k[t])
            c = k[a : t + 1].mean(0)
            g = 1 / (1 + np.exp(-np.array([*contexts, c]) @ u[t]))
            y[t] = sum(w * (m @ q[t]) for w, m in zip(g, [*caches, M]))
        caches.append(M); contexts.append(c)
    return y  # sigmoid
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    for a, b in cuts:
        M = np.zeros((v.shape[1], k.shape[1]))
        for t in range(a, b):
            M = M + np.outer(v[t], k[t])
            c = k[a : t + 1].mean(0)
            g = np.array([*contexts, c]) @ u[t]
            y[t] = sum(w * (m @ q[t]) for w, m in zip(g, [*caches, M]))
        caches.append(M); contexts.append(c)
    return y  # bare scores
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    for a, b in cuts:
        M = np.zeros((v.shape[1], k.shape[1]))
        for t in range(a, b):
            M = M + np.outer(v[t], k[t])
            c = k[a : t + 1].mean(0)
            e = np.exp(np.array([*contexts, c]) @ q[t]); g = e / e.sum()
            y[t] = sum(w * (m @ q[t]) for w, m in zip(g, [*caches, M]))
        caches.append(M); contexts.append(c)
    return y  # compare q
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    for a, b in cuts:
        M = np.zeros((v.shape[1], k.shape[1]))
        for t in range(a, b):
            c = k[a : t + 1].mean(0)
            e = np.exp(np.array([*contexts, c]) @ u[t]); g = e / e.sum()
            y[t] = sum(w * (m @ q[t]) for w, m in zip(g, [*caches, M]))
            M = M + np.outer(v[t], k[t])
        caches.append(M); contexts.append(c)
    return y  # reads before it writes
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    M = np.zeros((v.shape[1], k.shape[1]))
    for a, b in cuts:
        for t in range(a, b):
            M = M + np.outer(v[t], k[t])
            c = k[a : t + 1].mean(0)
            e = np.exp(np.array([*contexts, c]) @ u[t]); g = e / e.sum()
            y[t] = sum(w * (m @ q[t]) for w, m in zip(g, [*caches, M]))
        caches.append(M); contexts.append(c)
    return y  # begins anew
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    M = np.zeros((v.shape[1], k.shape[1]))
    for a, b in cuts:
        M[:] = 0
        for t in range(a, b):
            M += np.outer(v[t], k[t])
            c = k[a : t + 1].mean(0)
            e = np.exp(np.array([*contexts, c]) @ u[t]); g = e / e.sum()
            y[t] = sum(w * (m @ q[t]) for w, m in zip(g, [*caches, M]))
        caches.append(M); contexts.append(c)
    return y  # M += …
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    for a, b in cuts:
        M = np.zeros((v.shape[1], k.shape[1]))
        for t in range(a, b):
            M = M + np.outer(v[t], k[t])
            c = k[a : t + 1].sum(0)
            e = np.exp(np.array([*contexts, c]) @ u[t]); g = e / e.sum()
            y[t] = sum(w * (m @ q[t]) for w, m in zip(g, [*caches, M]))
        caches.append(M); contexts.append(c)
    return y  # yours are sums
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    for a, b in cuts:
        M = np.zeros((v.shape[1], k.shape[1]))
        for t in range(a, b):
            M = M + np.outer(v[t], k[t])
            if contexts:
                e = np.exp(np.array(contexts) @ u[t]); g = e / e.sum()
                y[t] = sum(w * (m @ q[t]) for w, m in zip(g, caches))
        caches.append(M); contexts.append(k[a:b].mean(0))
    return y  # online memory is missing
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    for a, b in cuts:
        M = np.zeros((v.shape[1], k.shape[1]))
        for t in range(a, b - 1):
            M = M + np.outer(v[t], k[t])
            c = k[a : t + 1].mean(0)
            e = np.exp(np.array([*contexts, c]) @ u[t]); g = e / e.sum()
            y[t] = sum(w * (m @ q[t]) for w, m in zip(g, [*caches, M]))
        caches.append(M); contexts.append(c)
    return y  #
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    for a, b in cuts:
        M = v[a:b].T @ k[a:b]
        for t in range(a, b):
            c = k[a : t + 1].mean(0)
            e = np.exp(np.array([*contexts, c]) @ u[t]); g = e / e.sum()
            y[t] = sum(w * (m @ q[t]) for w, m in zip(g, [*caches, M]))
        caches.append(M); contexts.append(c)
    return y  # leak from the future
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    for a, b in cuts:
        M = np.zeros((v.shape[1], k.shape[1]))
        for t in range(a, b):
            M = M + np.outer(v[t], k[t])
            e = np.exp(np.array([*contexts, k[a:b].mean(0)]) @ u[t]); g = e / e.sum()
            y[t] = sum(w * (m @ q[t]) for w, m in zip(g, [*caches, M]))
        caches.append(M); contexts.append(k[a:b].mean(0))
    return y  # finished context
def grm(q, k, v, u, cuts):
    y = np.zeros_like(v); caches, contexts = [], []
    for a, b in cuts:
        M = np.zeros((v.shape[1], k.shape[1]))
        for t in range(a, b):
            M = M + np.outer(v[t], k[t])
            c = k[a : t + 1].mean(0)
            e = np.exp(np.array([*contexts, c]) @ u[t]); g = e / e.sum()
            y[t] = sum(m @ q[t] for w, m in zip(g, [*caches, M])) / len(g)
        caches.append(M); contexts.append(c)
    return y  # same gate
""",
    "select": """
def select(scores, k): return sorted(np.argsort(scores)[::-1][:k].tolist())  # equal scores
def select(scores, k): return sorted(np.argsort(scores)[-k:].tolist())  # equal scores
def select(scores, k): return sorted(np.argsort(scores)[:k].tolist())  # smallest
def select(scores, k): return np.argsort(-scores, kind="stable")[:k].tolist()  # order of the scores
def select(scores, k): return sorted(np.argsort(-abs(scores), kind="stable")[:k].tolist())  # absolute
def select(scores, k): return sorted(np.argsort(-scores)[:k].tolist())  # stable
def select(scores, k): return sorted(np.argpartition(-scores, min(k, len(scores)) - 1)[:k].tolist())  #
def select(scores, k): return set(np.argsort(-scores, kind="stable")[:k].tolist())  # set
def select(scores, k): return [i for i, r in enumerate(scores) if r >= sorted(scores)[-min(k, len(scores))]]  # threshold
def select(scores, k): return sorted(scores, reverse=True)[:k]  #
def select(scores, k): return [int(np.argmax(scores))]  # first is taken
def select(scores, k): return [i + 1 for i in sorted(np.argsort(-scores, kind="stable")[:k].tolist())]  # begin at 0
""",
    "sparse_gate": """
def sparse_gate(scores, k):
    e = np.exp(scores - scores.max()); g = e / e.sum()
    keep = np.argsort(-scores[:-1], kind="stable")[k:]
    g[keep] = 0
    return g  # cross out afterwards
def sparse_gate(scores, k):
    keep = np.argsort(-scores, kind="stable")[: k + 1]
    e = np.zeros(len(scores)); e[keep] = np.exp(scores[keep] - scores.max()); return e / e.sum()  # does not compete
def sparse_gate(scores, k):
    s = scores.copy(); s[np.argsort(-scores[:-1], kind="stable")[k:]] = 0
    e = np.exp(s - s.max()); return e / e.sum()  # exp(0) is 1
def sparse_gate(scores, k): e = np.exp(scores - scores.max()); return e / e.sum()  # GRM
def sparse_gate(scores, k):
    keep = np.argsort(-scores[:-1], kind="stable")[:k]
    e = np.zeros(len(scores)); e[keep] = np.exp(scores[keep] - scores[keep].max(initial=-9)); return e / e.sum()  # got no gate
def sparse_gate(scores, k):
    keep = [*np.argsort(-scores[:-1], kind="stable")[: k - 1], len(scores) - 1]
    e = np.zeros(len(scores)); e[keep] = np.exp(scores[keep] - scores[keep].max()); return e / e.sum()  # takes one of the k places
def sparse_gate(scores, k):
    keep = [*np.argsort(-scores[:-1], kind="stable")[:k], len(scores) - 1]
    e = np.zeros(len(scores)); e[keep] = np.exp(scores[keep]); return e / e.sum()  # infinite
def sparse_gate(scores, k):
    keep = [*np.argsort(-scores[:-1], kind="stable")[:k], len(scores) - 1]
    e = np.zeros(len(scores)); e[keep] = 1 / (1 + np.exp(-scores[keep])); return e  # Sigmoid
def sparse_gate(scores, k):
    keep = [*np.argsort(-scores[:-1], kind="stable")[:k], len(scores) - 1]
    e = np.zeros(len(scores)); e[keep] = scores[keep]; return e  # softmax is missing
def sparse_gate(scores, k):
    keep = [*np.argsort(scores[:-1])[::-1][:k], len(scores) - 1]
    e = np.zeros(len(scores)); e[keep] = np.exp(scores[keep] - scores[keep].max()); return e / e.sum()  # last checkpoint
def sparse_gate(scores, k):
    keep = [*np.argsort(-scores[:-1], kind="stable")[:k], len(scores) - 1]
    e = np.exp(scores[keep] - scores[keep].max()); return e / e.sum()  #
""",
    "frugal_read": """
def frugal_read(cache, q, weights): return sum(cache.read(i, q) for i, w in enumerate(weights) if w > 0)  # without its gate
def frugal_read(cache, q, weights): return cache.read(int(np.argmax(weights)), q)  # largest gate
def frugal_read(cache, q, weights): i = int(np.argmax(weights)); return weights[i] * cache.read(i, q)  # largest gate
def frugal_read(cache, q, weights): return sum((w * cache.read(i, q) for i, w in enumerate(weights[:-1]) if w > 0), np.zeros(len(cache.memories[0])))  # left out
def frugal_read(cache, q, weights): return np.mean([w * cache.read(i, q) for i, w in enumerate(weights) if w > 0], 0)  # divided
def frugal_read(cache, q, weights): return [w * cache.read(i, q) for i, w in enumerate(weights) if w > 0]  # sum is asked for
def frugal_read(cache, q, weights): return sum(w * cache.read(i, w * q) for i, w in enumerate(weights) if w > 0)  # counts twice
def frugal_read(cache, q, weights): return cache.read(len(cache) - 1, q)  # online memory alone
def frugal_read(cache, q, weights): return np.einsum("n,nvk,k->v", weights, cache.memories, q)  # round the counter
def frugal_read(cache, q, weights): return sum(w * (m @ q) for w, m in zip(weights, cache.memories) if w > 0)  # round the counter
def frugal_read(cache, q, weights):
    y = sum(w * cache.read(i, q) for i, w in enumerate(weights)); cache.count = 0; return y  # in line
""",
    "hit_rate": """
def hit_rate(selected, segment_of, sources):
    h = [selected[t, segment_of[s]] for t, s in enumerate(sources) if s >= 0]
    return float(np.mean(h)) if h else 0.0  # own segment
def hit_rate(selected, segment_of, sources): return float(np.mean([selected[t, segment_of[s]] for t, s in enumerate(sources)]))  # ask for nothing
def hit_rate(selected, segment_of, sources):
    h = [selected[t, segment_of[s]] for t, s in enumerate(sources) if s > 0 and segment_of[s] < segment_of[t]]
    return float(np.mean(h)) if h else 0.0  # token 0
def hit_rate(selected, segment_of, sources): return float(np.mean([selected[t, segment_of[s]] for t, s in enumerate(sources) if s >= 0 and segment_of[s] < segment_of[t]]))  # nan
def hit_rate(selected, segment_of, sources): return float(sum(selected[t, segment_of[s]] for t, s in enumerate(sources) if s >= 0 and segment_of[s] < segment_of[t]))  # how many
def hit_rate(selected, segment_of, sources):
    h = [not selected[t, segment_of[s]] for t, s in enumerate(sources) if s >= 0 and segment_of[s] < segment_of[t]]
    return float(np.mean(h)) if h else 0.0  #
def hit_rate(selected, segment_of, sources):
    h = [selected[s, segment_of[s]] for t, s in enumerate(sources) if s >= 0 and segment_of[s] < segment_of[t]]
    return float(np.mean(h)) if h else 0.0  # tokens as rows
def hit_rate(selected, segment_of, sources):
    h = [selected[t].any() for t, s in enumerate(sources) if s >= 0 and segment_of[s] < segment_of[t]]
    return float(np.mean(h)) if h else 0.0  # not just any
def hit_rate(selected, segment_of, sources):
    h = [selected[t, segment_of[s]] for t, s in enumerate(sources) if s >= 0 and segment_of[s] < segment_of[t]]
    return 100 * float(np.mean(h)) if h else 0.0  # per cent
def hit_rate(selected, segment_of, sources):
    h = [selected[t, s] for t, s in enumerate(sources) if s >= 0 and segment_of[s] < segment_of[t]]
    return float(np.mean(h)) if h else 0.0  #
def hit_rate(selected, segment_of, sources):
    h = [selected[t, segment_of[s]] for t, s in enumerate(sources) if s >= 0 and segment_of[s] <= segment_of[t]]
    return float(np.mean(h)) if h else 0.0  # own segment
""",
    "titans_write": """
def titans_write(M, S, k, v, a, b, e): S = b * S - e * 2 * np.outer(M @ k - v, k); return a * M - S, S  # paper prints
def titans_write(M, S, k, v, a, b, e): S = b * S + e * np.outer(M @ k - v, k); return a * M - S, S  # factor 2
def titans_write(M, S, k, v, a, b, e): return a * M - S, b * S + e * 2 * np.outer(M @ k - v, k)  # old one
def titans_write(M, S, k, v, a, b, e): S = e * 2 * np.outer(M @ k - v, k); return a * M - S, S  # momentum
def titans_write(M, S, k, v, a, b, e): S = b * S + e * 2 * np.outer(M @ k - v, k); return M - S, S  # decay α
def titans_write(M, S, k, v, a, b, e): S = b * S + e * 2 * np.outer(M @ k - v, k); return S, a * M - S  # wrong order
def titans_write(M, S, k, v, a, b, e): S = e * (b * S + 2 * np.outer(M @ k - v, k)); return a * M - S, S  # gradient alone
def titans_write(M, S, k, v, a, b, e): S = b * S + e * 2 * np.outer(M @ k - v, k); return a * M + S, S  # plus
def titans_write(M, S, k, v, a, b, e): S = b * S + e * 2 * np.outer(M @ k - v, k); return a * (M - S), S  # decays the memory alone
def titans_write(M, S, k, v, a, b, e): S = b * S + (1 - b) * e * 2 * np.outer(M @ k - v, k); return a * M - S, S  # average
def titans_write(M, S, k, v, a, b, e): S = S + e * 2 * np.outer(M @ k - v, k); return a * M - S, S  # β is missing
def titans_write(M, S, k, v, a, b, e): S = b * S + e * 2 * np.outer(k, M @ k - v); return a * M - S, S  #
def titans_write(M, S, k, v, a, b, e): S *= b; S += e * 2 * np.outer(M @ k - v, k); return a * M - S, S  # in place
""",
    "gradients": """
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); return -np.outer(v, a), -np.outer(W1.T @ v, k)  # slope
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); return np.outer(v, a), np.outer((1 - a**2) * (W1.T @ v), k)  # both signs
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); return -np.outer(v, W2 @ k), -np.outer((1 - a**2) * (W1.T @ v), k)  # after tanh
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); return -np.outer(v, a), -np.outer((1 - np.tanh(a)**2) * (W1.T @ v), k)  # second time
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); return -np.outer(v, a), -np.outer((1 - (W2 @ k)**2) * (W1.T @ v), k)  # not 1 - h²
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); return -np.outer(v, a), -np.outer(a * (1 - a) * (W1.T @ v), k)  # sigmoid
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); r = W1 @ a - v; return np.outer(r, a), np.outer((1 - a**2) * (W1.T @ r), k)  # ½|M(k) - v|²
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); return -np.outer((1 - a**2) * (W1.T @ v), k), -np.outer(v, a)  # wrong order
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); return -np.outer(a, v), -np.outer(k, (1 - a**2) * (W1.T @ v))  # transposed
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); return -np.outer(v, a), np.outer((1 - a**2) * (W1.T @ v), k)  # wrong sign
def gradients(W1, W2, k, v): a = np.tanh(W2 @ k); return -np.outer(v, a), -np.outer((1 - a**2) * (W1 @ v), k)  # in line
""",
    "soup": """
def soup(memories, weights, q): return sum(w * (A @ np.tanh(B @ q)) for w, (A, B) in zip(weights, memories))  # that is GRM
def soup(memories, weights, q): return sum(w * A for w, (A, B) in zip(weights, memories)) @ np.tanh(memories[-1][1] @ q)  # hidden one too
def soup(memories, weights, q): return np.mean([A for A, B in memories], 0) @ np.tanh(np.mean([B for A, B in memories], 0) @ q)  # counts alike
def soup(memories, weights, q): return sum(A for A, B in memories) @ np.tanh(sum(B for A, B in memories) @ q)  # added up
def soup(memories, weights, q): return sum(w * A for w, (A, B) in zip(weights, memories)) @ (sum(w * B for w, (A, B) in zip(weights, memories)) @ q)  # tanh between
def soup(memories, weights, q): A, B = memories[int(np.argmax(weights))]; return A @ np.tanh(B @ q)  # soup mixes all
def soup(memories, weights, q): A, B = memories[-1]; return A @ np.tanh(B @ q)  # last memory is read
def soup(memories, weights, q): return sum(w * A for w, (A, B) in zip(weights, memories)) @ sum(w * np.tanh(B @ q) for w, (A, B) in zip(weights, memories))  # after tanh
def soup(memories, weights, q): return np.mean([A @ np.tanh(B @ q) for A, B in memories], 0)  # averaged
def soup(memories, weights, q): return sum(w * A for w, (A, B) in zip(weights, memories)), sum(w * B for w, (A, B) in zip(weights, memories))  #
def soup(memories, weights, q): return weights @ memories  #
""",
    "attention": """
def attention(u, k, v): s = u @ k.T; e = np.exp(s - s.max(1, keepdims=True)); return e / e.sum(1, keepdims=True) @ v  # causal
def attention(u, k, v): return np.tril(u @ k.T) @ v  # linear attention
def attention(u, k, v): s = u @ k.T; e = np.exp(s - s.max(1, keepdims=True)); return np.tril(e / e.sum(1, keepdims=True)) @ v  # after the softmax
def attention(u, k, v): s = np.tril(u @ k.T); e = np.exp(s - s.max(1, keepdims=True)); return e / e.sum(1, keepdims=True) @ v  # exp(0) is 1
def attention(u, k, v): e = np.tril(np.exp(u @ k.T)); return e / e.sum(0) @ v  # wrong axis
def attention(u, k, v): e = np.tril(np.exp(u @ k.T)); return e / e.sum(1, keepdims=True) @ v  # infinite
def attention(u, k, v):
    s = np.where(np.tri(len(u)) > 0, u @ k.T / np.sqrt(k.shape[1]), -np.inf); e = np.exp(s - s.max(1, keepdims=True)); return e / e.sum(1, keepdims=True) @ v  # √K
def attention(u, k, v):
    s = np.where(np.tri(len(u)) > 0, k @ k.T, -np.inf); e = np.exp(s - s.max(1, keepdims=True)); return e / e.sum(1, keepdims=True) @ v  # not k
def attention(u, k, v):
    s = np.where(np.tri(len(u)) > 0, k @ u.T, -np.inf); e = np.exp(s - s.max(1, keepdims=True)); return e / e.sum(1, keepdims=True) @ v  # exchanged
def attention(u, k, v):
    y = np.zeros_like(v)
    for t in range(1, len(v)):
        s = k[:t] @ u[t]; e = np.exp(s - s.max()); y[t] = e @ v[:t] / e.sum()
    return y  # itself as well
def attention(u, k, v):
    s = np.where(np.tri(len(u)) > 0, u @ k.T, -np.inf); e = np.exp(s - s.max(1, keepdims=True)); return e / e.sum(1, keepdims=True)  # are the weights
def attention(u, k, v):
    y = np.zeros_like(v)
    for t in range(len(v)):
        s = k[: t + 1] @ u[t]; e = np.exp(s - s.max()); y[t] = e @ v[: t + 1]
    return y  #
""",
    "break_even": """
def break_even(d, e): return (2 * e * d * d if e else d * d) / (2 * d)  # fraction
def break_even(d, e): return int(np.ceil((2 * e * d * d if e else d * d) / (2 * d)))  # not smaller
def break_even(d, e): return (2 * e * d * d if e else d * d) // d + 1  # keys and values
def break_even(d, e): return (e * d * d if e else d * d) // (2 * d) + 1  # two layers
def break_even(d, e): return (2 * e * e * d * d if e else d * d) // (2 * d) + 1  # expansion comes in once
def break_even(d, e): return 2 * e * d * d // (2 * d) + 1  # not for nothing
def break_even(d, e): return d // 2 + 1  # is not used
def break_even(d, e): return 2 * e * d * d if e else d * d  # segment length is asked for
def break_even(d, e): return (2 * e * d * d if e else d * d) // (2 * d) + 2  # One too many
def break_even(d, e): return max(1, (2 * e * d * d if e else d * d) // (2 * d))  # one token more
def break_even(d, e): return e * d if e else d // 2  #
""",
    "masked": """
def masked(q, k, v, w, s): return (w[:, s] * (q @ k.T)) @ v  # sees the future
def masked(q, k, v, w, s): return np.tril(q @ k.T) @ v  # not used
def masked(q, k, v, w, s): return np.tril(w[:, s] * (q @ k.T), -1) @ v  # its own pair
def masked(q, k, v, w, s): return np.triu(w[:, s] * (q @ k.T)) @ v  # turned round
def masked(q, k, v, w, s): return np.tril(w[:, s].T * (q @ k.T)) @ v  # transposed
def masked(q, k, v, w, s): return np.tril(w[:, s] * (k @ q.T)) @ v  # rows are queries
def masked(q, k, v, w, s): return w[np.arange(len(q)), s][:, None] * (np.tril(q @ k.T) @ v)  # own segment
def masked(q, k, v, w, s): return np.tril(w[:, s]) @ v  # ⟨q, k⟩ is missing
def masked(q, k, v, w, s): return np.tril((s[:, None] == s) * w[:, s] * (q @ k.T)) @ v  # own segment alone
def masked(q, k, v, w, s): A = np.tril(w[:, s] * (q @ k.T)); return A / A.sum(1, keepdims=True) @ v  # divided
def masked(q, k, v, w, s): return np.tril(w * (q @ k.T)) @ v  # in line
def masked(q, k, v, w, s): return np.array([sum(w[t, s[j]] * (q[t] @ k[j]) * v[j] for j in range(t + 1)) for t in range(len(q))])  # there is a loop
def masked(q, k, v, w, s): return np.stack([(w[t, s[: t + 1]] * (k[: t + 1] @ q[t])) @ v[: t + 1] for t in range(len(q))])  # there is a loop
""",
    "chunked": """
def chunked(q, k, v, size): return np.tril(q @ k.T) @ v  # times the memory
def chunked(q, k, v, size):
    M, y = np.zeros((v.shape[1], k.shape[1])), np.zeros_like(v)
    for t in range(len(v)): M = M + np.outer(v[t], k[t]); y[t] = M @ q[t]
    return y  # loop over tokens
def chunked(q, k, v, size):
    M, y = np.zeros((v.shape[1], k.shape[1])), np.zeros_like(v)
    for a in range(0, len(v), size):
        c = slice(a, a + size); M = M + v[c].T @ k[c]; y[c] = q[c] @ M.T
    return y  # later ones
def chunked(q, k, v, size):
    M, y = np.zeros((v.shape[1], k.shape[1])), np.zeros_like(v)
    for a in range(0, len(v), size):
        c = slice(a, a + size); y[c] = q[c] @ M.T; M = M + v[c].T @ k[c]
    return y  # Only earlier chunks
def chunked(q, k, v, size):
    M, y = np.zeros((v.shape[1], k.shape[1])), np.zeros_like(v)
    for a in range(0, len(v), size):
        c = slice(a, a + size); M = M + v[c].T @ k[c]; y[c] = q[c] @ M.T + np.tril(q[c] @ k[c].T) @ v[c]
    return y  # counts twice
def chunked(q, k, v, size):
    y = np.zeros_like(v)
    for a in range(0, len(v), size): c = slice(a, a + size); y[c] = np.tril(q[c] @ k[c].T) @ v[c]
    return y  # do not see each other
def chunked(q, k, v, size):
    M, y = np.zeros((v.shape[1], k.shape[1])), np.zeros_like(v)
    for a in range(0, len(v), size):
        c = slice(a, a + size); y[c] = q[c] @ M.T + (q[c] @ k[c].T) @ v[c]; M = M + v[c].T @ k[c]
    return y  # mask, `np.tril`
def chunked(q, k, v, size):
    M, y = np.zeros((v.shape[1], k.shape[1])), np.zeros_like(v)
    for i in range(len(v) // size):
        c = slice(i * size, (i + 1) * size); y[c] = q[c] @ M.T + np.tril(q[c] @ k[c].T) @ v[c]; M = M + v[c].T @ k[c]
    return y  # shorter chunk
def chunked(q, k, v, size):
    M, y = np.zeros((v.shape[1], k.shape[1])), np.zeros_like(v)
    for a in range(0, len(v), size):
        c = slice(a, a + size); y[c] = q[c] @ M.T + np.tril(q[c] @ k[c].T) @ v[c]; M = v[c].T @ k[c]
    return y  # replaced
def chunked(q, k, v, size):
    M, y = np.zeros((v.shape[1], k.shape[1])), np.zeros_like(v)
    for a in range(0, len(v), size):
        c = slice(a, a + size); y[c] = q[c] @ M.T + np.tril(q[c] @ k[c].T, -1) @ v[c]; M = M + v[c].T @ k[c]
    return y  # its own pair
def chunked(q, k, v, size):
    M, y = np.zeros((v.shape[1], k.shape[1])), np.zeros_like(v)
    for a in range(0, len(v), size):
        c = slice(a, a + size); y[c] = q[c] @ M + np.tril(q[c] @ k[c].T) @ v[c]; M = M + v[c].T @ k[c]
    return y  # keys as rows
""",
    "paired_interval": """
def paired_interval(a, b, t): d = a - b; return d.mean(), t * d.std() / np.sqrt(len(d))  # ddof=1
def paired_interval(a, b, t): d = a - b; return d.mean(), t * d.std(ddof=1)  # surer by √n
def paired_interval(a, b, t): return a.mean() - b.mean(), t * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))  # pairs
def paired_interval(a, b, t): d = b - a; return d.mean(), t * d.std(ddof=1) / np.sqrt(len(d))  # a - b
def paired_interval(a, b, t): d = a - b; return d.mean(), d.std(ddof=1) / np.sqrt(len(d))  # not used
def paired_interval(a, b, t): d = a - b; return d.mean(), 2 * t * d.std(ddof=1) / np.sqrt(len(d))  # whole width
def paired_interval(a, b, t): d = a - b; h = t * d.std(ddof=1) / np.sqrt(len(d)); return d.mean() - h, d.mean() + h  # ends
def paired_interval(a, b, t): d = a - b; return d.mean(), t * d.var(ddof=1) / np.sqrt(len(d))  # variance
def paired_interval(a, b, t): d = a - b; return d.mean(), t * d.std(ddof=1) / len(d)  # not by n
def paired_interval(a, b, t): d = a - b; return t * d.std(ddof=1) / np.sqrt(len(d)), d.mean()  # wrong order
def paired_interval(a, b, t): d = a - b; return d.mean(), t * d.std(ddof=1) / np.sqrt(len(d) - 1)  # root is of n
def paired_interval(a, b, t): d = a - b; return d.mean(), t * (a.std(ddof=1) + b.std(ddof=1)) / np.sqrt(len(d))  #
""",
    "fit": """
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x)[m], y[m])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses  # Gradients add up
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses  # every position
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x)[m], y[m], reduction='sum')
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses  # their mean
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = (cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction='none') * m.flatten()).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses  # all positions
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x)[m].softmax(-1), y[m])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses  # takes logits
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x)[m], y[m])
        optimizer.zero_grad()
        optimizer.step()
        loss.backward()
        losses.append(loss.item())
    return losses  # never move
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x)[m], y[m])
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        losses.append(loss.item())
    return losses  # never move
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x)[m], y[m])
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
    return losses  # never move
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x)[m], y[m])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[-1]  # last loss
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x)[m], y[m])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)  # mean of the losses
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses  # 
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x)[m], y[m])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    pass  # `return` missing
def fit(model, optimizer, batches):
    from torch.nn.functional import cross_entropy
    losses = []
    for x, y, m in batches:
        loss = cross_entropy(model(x)[m], y[m])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses  # still tensors
""",
    "is_causal": """
def is_causal(run): return True  # must be able to fail
def is_causal(run): return False  # accuses every
def is_causal(run): a = run().output; return any((run(changed=t).output[:t] != a[:t]).any() for t in range(len(a)))  # Turned round
def is_causal(run): t = len(run().output) - 1; return np.array_equal(run(changed=t).output[:t], run().output[:t])  # last token
def is_causal(run): t = len(run().output) // 2; return np.array_equal(run(changed=t).output[:t], run().output[:t])  # in the middle
def is_causal(run): a = run().output; return all(np.array_equal(run(changed=t).output[t:], a[t:]) for t in range(len(a)))  # accuses every
def is_causal(run): a = run().output; return all(np.array_equal(run(changed=t).output[: t + 1], a[: t + 1]) for t in range(len(a)))  # accuses every
def is_causal(run): a = run().output; return np.array_equal(run(changed=0).output, a)  # accuses every
def is_causal(run): a = run().output; return all(np.array_equal(run(changed=t).output[:t], a) for t in range(len(a)))  #
def is_causal(run): return np.allclose(run(changed=0).output[:0], run().output[:0])  # must be able to fail
def is_causal(run): a = run().output; return all(np.array_equal(run(changed=t).output[:t], a[:t]) for t in range(99))  # in line
""",
    "gates_are_shares": """
def gates_are_shares(run): return True  # must be able to fail
def gates_are_shares(run): return bool((run().weights.sum(-1) == 1).all())  # np.allclose
def gates_are_shares(run): return np.allclose(run().weights.sum(0), 1)  # over memories
def gates_are_shares(run): w = run().weights; return bool(((w >= 0) & (w <= 1)).all())  # need not sum
def gates_are_shares(run): return bool(np.isclose(run().weights[0].sum(), 1))  # look at each
def gates_are_shares(run): return bool(np.isclose(run().weights.sum(), len(run().weights)))  # look at each
def gates_are_shares(run): return not np.allclose(run().weights.sum(-1), 1)  # Turned round
def gates_are_shares(run): return run().weights.sum(-1)  #
def gates_are_shares(run): return False  # accuses every
def gates_are_shares(run): return np.allclose(run().weights.sum(-1), 1)  # none may be negative
def gates_are_shares(run): print(run().weights.sum(-1))  # `return` missing
""",
    "holds_its_segment": """
def holds_its_segment(run): return True  # must be able to fail
def holds_its_segment(run): return False  # accuses every
def holds_its_segment(run): c = run().checkpoints; return not np.array_equal(c[0]["M"], c[1]["M"])  # may still lack
def holds_its_segment(run):
    a = run()
    return all(any(not np.array_equal(x["M"], y["M"]) for x, y in zip(run(changed=t).checkpoints, a.checkpoints)) for t in range(a.T))  # some checkpoint
def holds_its_segment(run):
    a = run()
    return all(np.array_equal(run(changed=t).checkpoints[i]["M"], a.checkpoints[i]["M"]) for t in range(a.T) for i in range(a.N) if i != a.segment_of[t])  # half of it
def holds_its_segment(run):
    a = run()
    return all((not np.array_equal(run(changed=t).checkpoints[i]["M"], a.checkpoints[i]["M"])) == (i == a.segment_of[t]) for t in (0, 4, 8) for i in range(a.N))  # first token of each
def holds_its_segment(run):
    a = run()
    return all((not np.array_equal(run(changed=t).checkpoints[i]["M"], a.checkpoints[i]["M"])) == (i == a.segment_of[t]) for t in (3, 7, 10) for i in range(a.N))  # last token of each
def holds_its_segment(run):
    a = run()
    return not all((not np.array_equal(run(changed=t).checkpoints[i]["M"], a.checkpoints[i]["M"])) == (i == a.segment_of[t]) for t in range(a.T) for i in range(a.N))  # Turned round
def holds_its_segment(run):
    a = run()
    return all(not np.array_equal(run(changed=t).checkpoints[i]["M"], a.checkpoints[i]["M"]) for t, i in enumerate(a.segment_of))  # no other may
def holds_its_segment(run): a = run(); return a.checkpoints == run(changed=0).checkpoints  #
""",
}


def answers(name: str) -> list[tuple[str, str]]:
    """The wrong answers to the exercise `name`: the source of each, and what it should be told."""
    parts = ["def " + part for part in ("\n" + WRONG[name].strip()).split("\ndef ")[1:]]
    split = [part.rstrip().rpartition("#") for part in parts]
    return [(source.rstrip(), said.strip()) for source, _, said in split]


def table() -> str:
    """Wrong answers to each exercise, and how many of them are named and how many located alone."""
    counts = {name: [bool(said) for _, said in answers(name)] for name in WRONG}
    counts["all"] = [named for one in counts.values() for named in one]
    rows = [f"{name:18} {len(one):5} {sum(one):5} {len(one) - sum(one):7}" for name, one in counts.items()]
    return "\n".join([f"{'':18} wrong named located", *rows])


if __name__ == "__main__":
    print(table())
