"""How fast, how large and how it grows: Memory Caching beside attention and beside another implementation."""

from mcviz.bench.command import add_arguments, command
from mcviz.bench.contenders import Row, Table, run

__all__ = ["Row", "Table", "add_arguments", "command", "run"]
