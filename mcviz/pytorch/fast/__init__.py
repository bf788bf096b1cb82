"""Whole segments at once: the same numbers as the loop over tokens, by what has no twin in the reference."""
