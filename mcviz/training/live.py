"""A training that is watched in a notebook."""

from collections.abc import Callable
from typing import Any

import mcviz
from mcviz.film import Film


def live() -> Callable[[Film], None]:
    """What shows a film in the output of a cell, and goes on to show it as it grows."""
    shown: list[Any] = []

    def show(film: Film) -> None:
        if shown:
            shown[0].show(film)
        else:
            shown.append(mcviz.widgets.Stepper(film))
            mcviz.widgets.display(shown[0])  # type: ignore[no-untyped-call]

    return show
