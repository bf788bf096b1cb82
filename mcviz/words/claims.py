"""Verdicts as marks."""

SIGNS = {"holds": "✓", "does not hold": "✗", "not decidable at this scale": "?", "not run": "–"}
"""A mark for each verdict, which is never told by colour alone."""
