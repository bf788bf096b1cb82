"""Without Streamlit there is no app to test."""

from collections.abc import Iterator
from functools import cache

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("plotly")


@pytest.fixture(scope="session", autouse=True)
def packages_are_looked_through_once() -> Iterator[None]:
    """`AppTest` looks for components in all that is installed, at each run: four fifths of its time."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield
