"""Verdicts as marks, measurements as a table, and the frontier in sentences."""

from collections.abc import Mapping, Sequence

SIGNS = {"holds": "✓", "does not hold": "✗", "not decidable at this scale": "?", "not run": "–"}
"""A mark for each verdict, which is never told by colour alone."""


def measured(intervals: Mapping[str, tuple[float, float, float]]) -> dict[str, list[str]]:
    """Means over seeds with their 95 % intervals as columns of text, a row for each condition."""
    return {
        "": list(intervals),
        "mean": [f"{mean:.4g}" for mean, _, _ in intervals.values()],
        "95 % interval": [f"{low:.4g} to {high:.4g}" for _, low, high in intervals.values()],
    }


Means = Mapping[str, Mapping[str, tuple[float, float, float]]]
"""For each claim by name, the intervals of its conditions."""


def frontier(found: Means) -> list[str]:
    """What the runs of the frontier recalled, a sentence for each question that was run."""

    def recalled(name: str, *labels: str) -> str:
        return listed([f"{found[name][label][0]:.1%}" for label in labels])

    sentences = {
        "frontier-bytes": lambda name: (
            "With 486, 972 and 1,944 numbers kept, GRM recalls "
            f"{recalled(name, 'GRM (486)', 'GRM (972)', 'GRM (1,944)')} of 24 pairs, and a plain recurrent layer with "
            f"one large memory {recalled(name, 'RNN (486)', 'RNN (972)', 'RNN (1,944)')}."
        ),
        "frontier-reads": lambda name: (
            f"With 792 numbers read for a token, SSC recalls {recalled(name, 'SSC, k = 2')}, and the plain layer "
            f"{recalled(name, 'RNN')}."
        ),
        "frontier-grows": lambda name: (
            "Asked for 96 pairs, four times as many as in training, the plain layer of 1,944 numbers recalls "
            f"{recalled(name, 'RNN ×4')}, and GRM, whose cache has grown to 7,776, {recalled(name, 'GRM ×4')}."
        ),
        "frontier-longer-bytes": lambda name: (
            f"A plain layer that has 7,776 numbers from the first token on recalls {recalled(name, 'RNN ×4')} of them."
        ),
        "frontier-longer-reads": lambda name: (
            f"With 1,440 numbers read for a token there, SSC recalls {recalled(name, 'SSC, k = 2 ×4')}, and the plain "
            f"layer {recalled(name, 'RNN ×4')}."
        ),
    }
    return [say(name) for name, say in sentences.items() if found.get(name)]


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
