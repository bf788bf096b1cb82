"""Where modules went: under its old name, a module, and each module inside it, is the very same object.

Notebooks and scripts of earlier versions go on to work, `import mcviz.surgery` and
`from mcviz.exercises.verdict import Verdict` among them.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MOVED: Mapping[str, str] = {
    "mcviz.counting": "mcviz.tradeoff.count",
    "mcviz.exercises": "mcviz.course.exercises",
    "mcviz.game": "mcviz.tradeoff.game",
    "mcviz.interference": "mcviz.probes.interference",
    "mcviz.oracle": "mcviz.probes.oracle",
    "mcviz.plot": "mcviz.course.plot",
    "mcviz.predict": "mcviz.course.predict",
    "mcviz.pytorch.cached": "mcviz.pytorch.fast.cached",
    "mcviz.pytorch.chunks": "mcviz.pytorch.fast.chunks",
    "mcviz.pytorch.chunkwise": "mcviz.pytorch.fast.chunkwise",
    "mcviz.pytorch.deep": "mcviz.pytorch.fast.deep",
    "mcviz.pytorch.dispatch": "mcviz.pytorch.fast.dispatch",
    "mcviz.pytorch.gate": "mcviz.pytorch.fast.gate",
    "mcviz.pytorch.labels": "mcviz.labels",
    "mcviz.pytorch.layer": "mcviz.pytorch.loop",
    "mcviz.pytorch.online": "mcviz.pytorch.fast.matrices",
    "mcviz.pytorch.scan": "mcviz.pytorch.fast.scan",
    "mcviz.reference.layer": "mcviz.reference.loop",
    "mcviz.surgery": "mcviz.probes.surgery",
}


def renamed(name: str) -> str | None:
    """The name that a module bears now, if it, or a package that it lies in, was moved."""
    inside = (new + name.removeprefix(old) for old, new in MOVED.items() if f"{name}.".startswith(f"{old}."))
    return next(inside, None)


class Forwarder(MetaPathFinder, Loader):
    """Finds modules by their old names. It has to be asked first: old packages would be searched for files."""

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if renamed(name) else None

    def exec_module(self, module: ModuleType) -> None:
        # What a module puts in its own place is what is imported.
        sys.modules[module.__name__] = import_module(renamed(module.__name__) or module.__name__)


def attributes(package: str) -> Callable[[str], Any]:
    """A `__getattr__` for a package that modules have moved out of, or that renamed some."""

    def attribute(name: str) -> Any:
        if f"{package}.{name}" not in MOVED:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(f"{package}.{name}")

    return attribute
