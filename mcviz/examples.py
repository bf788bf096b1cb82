"""Named examples: sequences to watch, run by the reference through maps that nobody trained.

Embeddings and maps are random. Only the wiring is chosen: a token is stored under the one before it, so that asking
for a token brings up what followed it. Such a run shows the algorithm at work, and what a memory mixes up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from mcviz import brief, graphemes, room
from mcviz.checks import instance, one_of, whole
from mcviz.config import MCConfig
from mcviz.reference import blocks
from mcviz.tasks import Task, mqar, needle, topics
from mcviz.trace import LONGEST, Trace

Array = np.ndarray

MAX_TOKENS = 2048

TASKS: Mapping[str, Task] = {
    "needle": needle(needles=4, decoys=4, haystack=92),
    "recall": mqar(pairs=24, keys=48, values=24),
    "topics": topics(documents=6, questions=12),
}
SPLITS: Mapping[str, Callable[[str], list[str]]] = {
    "word": graphemes.words,
    "character": graphemes.graphemes,
}
NAMES = (*TASKS, "text")


@dataclass(frozen=True)
class Example:
    """A sequence of T tokens: their numbers, how to show them, and where the answers stand."""

    __repr__ = brief.of_fields

    title: str
    ids: Int[Array, "T"]
    words: tuple[str, ...]
    sources: tuple[int, ...]  # -1 where nothing is asked
    reach: int = 1  # tokens that make up a question


def example(name: str, seed: int = 0, text: str = "", split: str = "word") -> Example:
    """The example called `name`; "text" is the reader's own, cut into words or characters.

    Raises `ValueError` for an unknown name or split, a negative seed, a text without tokens or with too many, and a
    word that is too long to be shown.
    """
    seed = whole("seed", seed, 0)
    if name == "text":
        return own_text(text, split)
    name = one_of("example", name, NAMES)
    batch = TASKS[name].sample(seed, batch=1)
    reach = 2 if name == "topics" else 1
    return Example(name, batch.tokens[0], batch.words(), tuple(batch.sources[0].tolist()), reach)


def own_text(text: str, split: str = "word") -> Example:
    """A reader's text as tokens. Each word or character is asked to recall what followed it the last time."""
    text, split = instance("text", text, str, "a text"), one_of("split", split, SPLITS)
    # A word is cut out of at most MAX_TOKENS characters a token: no need to search ten megabytes.
    if len(text) > 8 * MAX_TOKENS:
        raise ValueError(f"text: expected at most {8 * MAX_TOKENS:,} characters, got {len(text):,}")
    words = SPLITS[split](text)
    if not 1 <= len(words) <= MAX_TOKENS:
        raise ValueError(f"text: expected 1 to {MAX_TOKENS:,} tokens ({split}s), got {len(words):,}")
    longest = max(map(len, words))
    if longest > LONGEST:
        raise ValueError(f"text: expected {split}s of at most {LONGEST:,} characters, got one of {longest:,}")
    number = {word: i for i, word in enumerate(dict.fromkeys(words))}
    return Example("your text", np.array([number[word] for word in words]), tuple(words), followers(words))


def followers(words: list[str]) -> tuple[int, ...]:
    """For each token, the place after the last one of its kind; -1 where it is new."""
    seen: dict[str, int] = {}
    places = []
    for t, word in enumerate(words):
        places.append(seen.get(word, -2) + 1)
        seen[word] = t
    return tuple(places)


def project(
    example: Example, H: int, K: int, V: int, seed: int
) -> tuple[Float[Array, "T H K"], Float[Array, "T H K"], Float[Array, "T H V"], Float[Array, "T H K"]]:
    """Queries, keys, values and connectors through random embeddings and maps, wired for recall but not trained.

    What stands before a token is its key: a query for a token then finds what followed it. `example.reach` tokens
    make one query, and as many one key.
    """
    rng = np.random.default_rng([seed, 1])
    D = H * max(K, V)
    x = rng.standard_normal((int(example.ids.max()) + 1, D))[example.ids]
    W_k, W_v = (rng.standard_normal((D, H, size)) / np.sqrt(D) for size in (K, V))
    # f_t = (x_t + … + x_{t-reach+1}) / √reach
    f = sum((back(x, n) for n in range(example.reach)), start=np.zeros_like(x)) / np.sqrt(example.reach)
    # u_t = f_t W_k, q_t = u_t / K, k_t = f_{t-1} W_k, v_t = x_t W_v
    u, k = (np.einsum("td,dhk->thk", y, W_k) for y in (f, back(f, 1)))
    return u / K, k, np.einsum("td,dhv->thv", x, W_v), u


def back(x: Float[Array, "T D"], n: int) -> Float[Array, "T D"]:
    """`x` of n tokens ago, 0 before the first."""
    return np.concatenate([np.zeros_like(x[:n]), x[: len(x) - n]])


def run(
    name: str,
    cfg: MCConfig,
    *,
    text: str = "",
    split: str = "word",
    heads: int = 2,
    key_size: int = 32,
    value_size: int = 16,
) -> Trace:
    """One untrained run of the reference on the example called `name`; `cfg.seed` draws everything random.

    Raises `ValueError` for what `example` and `MCConfig` refuse, and for a run that `mcviz.room` has no room for.
    """
    heads, key_size = whole("heads", heads, 1, 64), whole("key_size", key_size, 1, 64)
    value_size = whole("value_size", value_size, 1, 64)
    chosen = example(name, cfg.seed, text, split)
    room.check(cfg, len(chosen.ids), heads, key_size, value_size)
    trace = blocks.memory_caching(*project(chosen, heads, key_size, value_size, cfg.seed), cfg)
    fact = TASKS[name].fact if name in TASKS else 1
    return replace(trace, tokens=chosen.words, sources=chosen.sources, fact=fact, title=f"{chosen.title}, untrained")
