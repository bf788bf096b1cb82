"""Verdicts as marks, and measurements as a table."""

from collections.abc import Mapping

SIGNS = {"holds": "✓", "does not hold": "✗", "not decidable at this scale": "?", "not run": "–"}
"""A mark for each verdict, which is never told by colour alone."""


def measured(intervals: Mapping[str, tuple[float, float, float]]) -> dict[str, list[str]]:
    """Means over seeds with their 95 % intervals as columns of text, a row for each condition."""
    return {
        "": list(intervals),
        "mean": [f"{mean:.4g}" for mean, _, _ in intervals.values()],
        "95 % interval": [f"{low:.4g} to {high:.4g}" for _, low, high in intervals.values()],
    }
