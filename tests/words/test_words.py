"""Words stand on their own: nothing that draws is loaded for them, and their old names in `figures` lead here."""

import subprocess
import sys

import pytest

from mcviz import words


def test_words_load_nothing_that_draws():
    probe = "import mcviz.words, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    assert "mcviz.words.ledger" in loaded
    assert not {"plotly", "torch", "pandas", "streamlit", "scipy"} & set(loaded)


def test_names_of_before_lead_from_figures_to_words():
    figures = pytest.importorskip("mcviz.figures", exc_type=ImportError)
    before = set(words.__all__) & set(figures.__all__)
    assert len(before) >= 20
    for name in before:
        assert getattr(figures, name) is getattr(words, name)
