"""Without Streamlit there is no app to test."""

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("plotly")

from tests import components

components.looked_for_once()
