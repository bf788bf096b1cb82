"""Streamlit's `AppTest` without its search: it looks for components in all that is installed, whenever a page runs."""

from functools import cache

from streamlit.components.v2 import manifest_scanner


def looked_for_once() -> None:
    """From here on, this process looks once."""
    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
