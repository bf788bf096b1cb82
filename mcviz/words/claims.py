"""Verdicts as marks, measurements as a table, and the frontier in sentences."""

from collections.abc import Mapping, Sequence
from statistics import median

SIGNS = {"holds": "✓", "does not hold": "✗", "not decidable at this scale": "?", "not run": "–"}
"""A mark for each verdict, which is never told by colour alone."""


SAID = {
    "holds": ("holds", "hold"),
    "does not hold": ("does not hold", "do not hold"),
    "not decidable at this scale": ("is not decidable at this scale", "are not decidable at this scale"),
    "not run": ("was not run", "were not run"),
}
"""Each verdict of one claim, and of several."""


def verdicts(found: Sequence[str]) -> str:
    """How many claims there are, and how many have each verdict."""
    count = {verdict: found.count(verdict) for verdict in SAID if verdict in found}
    counts = [f"{n} {SAID[verdict][n > 1]}" for verdict, n in count.items()]
    return f"Of {len(found)} claims, {listed(counts)}."


def measured(intervals: Mapping[str, tuple[float, float, float]]) -> dict[str, list[str]]:
    """Means over seeds with their 95 % intervals as columns of text, a row for each condition."""
    return {
        "": list(intervals),
        "mean": [f"{mean:.4g}" for mean, _, _ in intervals.values()],
        "95 % interval": [f"{low:.4g} to {high:.4g}" for _, low, high in intervals.values()],
    }


def origin(source: str) -> str:
    """Where a claim comes from: a place in the paper, or us."""
    return f"Not in the paper, but {source}" if source.startswith("our ") else f"In the paper: {source}"


def fixed(seen: str) -> str:
    """When a rule was fixed."""
    return f"When it was fixed, this had been seen: {seen}." if seen else "It was fixed before its runs."


def second_less_first(interval: tuple[float, float, float]) -> str:
    """The difference that decides a comparison, with its interval."""
    mean, low, high = interval
    return f"the second minus the first is {mean:.3g} ({low:.3g} to {high:.3g})"


Means = Mapping[str, Mapping[str, tuple[float, float, float]]]
"""For each claim by name, the intervals of its conditions."""


ANSWERS = {"holds": "yes", "does not hold": "no", "not decidable at this scale": "not decided"}
ASKED = {
    "frontier-topics": "of documents that a question names",
    "frontier-bytes": "of pairs with an exact key",
    "frontier-needle": "of needles in a haystack",
}
"""Claims that caching with gates recalls more than one larger memory, by what is recalled."""


def frontier_answer(verdicts: Mapping[str, str]) -> str:
    """Is it the caching, or only more memory? The answer, by the verdicts of claims by name; "" where none was run."""
    said = [f"{what}: {ANSWERS[verdicts[name]]}" for name, what in ASKED.items() if verdicts.get(name) in ANSWERS]
    question = "With as many bytes kept, does caching with gates recall more than one larger memory?"
    return f"{question} {'; '.join(said).capitalize()}." if said else ""


LARGER, CACHED = "one larger memory", "checkpoints and gates"
BESIDE = {
    "frontier-topics": ("documents that a question names", "RNN, 48 × 30", "GRM, 16 × 8"),
    "frontier-bytes": ("pairs with an exact key", "RNN (1,944)", "GRM (1,944)"),
    "frontier-needle": ("needles in a haystack", "RNN, 64 × 36", "GRM, 16 × 8"),
}
"""What each claim in `ASKED` recalls, and its largest plain layer and cache, which keep as many bytes."""


def frontier_beside(found: Means, apart: Mapping[str, tuple[float, float, float]]) -> dict[str, list[str]]:
    """Recall with as many bytes kept as columns of text, a row for each claim in `ASKED` that was run.

    `apart` has for each claim by name what the cache recalls more, as a share, with its interval over seeds.
    """
    columns: dict[str, list[str]] = {"recalled": [], LARGER: [], CACHED: [], "points more, and 95 % interval": []}
    for name, (what, larger, cached) in BESIDE.items():
        if found.get(name):
            means = (f"{found[name][label][0]:.1%}" for label in (larger, cached))
            mean, low, high = (100 * share for share in apart[name])
            cells = (what, *means, f"{mean:+.1f} ({low:+.1f} to {high:+.1f})")
            for column, cell in zip(columns.values(), cells, strict=True):
                column.append(cell.replace("-", "−"))
    return columns


def frontier_in_words(found: Means) -> list[str]:
    """What the runs of the frontier recalled, a sentence for each question that was run."""
    sizes = ("486", "972", "1,944")
    sentences = {
        "frontier-bytes": "With 486, 972 and 1,944 numbers kept, GRM in segments of 8 recalls "
        f"{recalled(found, 'bytes', *(f'GRM ({kept})' for kept in sizes))} of 24 pairs, and a plain recurrent layer "
        f"with one larger memory {recalled(found, 'bytes', *(f'RNN ({kept})' for kept in sizes))}.",
        "frontier-headline": "With twice the pairs and 3,888 numbers kept, GRM recalls "
        f"{recalled(found, 'headline', 'GRM, 24 × 8')}, and the plain layer "
        f"{recalled(found, 'headline', 'RNN, 72 × 54')}.",
        "frontier-reads": f"With 792 numbers read for a token, SSC recalls {recalled(found, 'reads', 'SSC, k = 2')}, "
        f"and the plain layer {recalled(found, 'reads', 'RNN')}.",
        "frontier-grows": "Asked for 96 pairs, four times as many as in training, the plain layer of 1,944 numbers "
        f"recalls {recalled(found, 'grows', 'RNN ×4')}, and GRM, whose cache has grown to 7,776, "
        f"{recalled(found, 'grows', 'GRM ×4')}.",
        "frontier-longer-bytes": "A plain layer that has 7,776 numbers from the first token on recalls "
        f"{recalled(found, 'longer-bytes', 'RNN ×4')} of them.",
        "frontier-longer-reads": "With 1,440 numbers read for a token there, SSC recalls "
        f"{recalled(found, 'longer-reads', 'SSC, k = 2 ×4')}, and the plain layer "
        f"{recalled(found, 'longer-reads', 'RNN ×4')}.",
        "frontier-fenwick": "Log-linear attention, of sums over 1, 2, 4, … tokens, recalls "
        f"{recalled(found, 'fenwick', 'log-linear')} of 24 pairs with room for 1,960 numbers, and "
        f"{recalled(found, 'fenwick-reads', 'log-linear')} with 800 read for a token.",
        "frontier-topics": "Where segments are documents that a question names, and as many bytes are kept, GRM "
        f"recalls {recalled(found, 'topics', 'GRM, 16 × 8')}, and the plain layer "
        f"{recalled(found, 'topics', 'RNN, 48 × 30')}.",
    }
    return [sentence for name, sentence in sentences.items() if found.get(name)]


PART = 0.8
"""A seed that comes to less than this share of the median has learned only a part of the task."""


def seeds_in_words(found: Mapping[str, Mapping[str, Sequence[float]]]) -> list[str]:
    """Which seeds of the frontier learned the task only in part, a sentence for each setting that has some.

    `found` has, for each claim by name, the values of its conditions, seed by seed.
    """
    sentences = []
    for name, label, who in (
        ("frontier-bytes", "GRM (1,944)", "GRM with 1,944 numbers"),
        ("frontier-reads", "SSC, k = 2", "SSC"),
    ):
        recalls = found.get(name, {}).get(label, ())
        part = [f"{recall:.1%}" for recall in recalls if recall < PART * median(recalls)]
        if part:
            sentences.append(
                f"Of {len(recalls)} seeds of {who}, {len(part)} learned the task only in part ({listed(part)} of 24 "
                f"pairs), and the median is {median(recalls):.1%}."
            )
    return sentences


def recalled(found: Means, name: str, *labels: str) -> str:
    """The mean accuracies of some conditions of a claim of the frontier; "" where they were not run."""
    intervals = found.get(f"frontier-{name}", {})
    return listed([f"{intervals[label][0]:.1%}" for label in labels if label in intervals])


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else list(parts))
