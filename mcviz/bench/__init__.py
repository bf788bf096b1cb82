"""How fast, how large and how it grows: Memory Caching beside attention and beside another implementation."""

from mcviz.bench.beside import Timing, beside
from mcviz.bench.command import add_arguments, command
from mcviz.bench.contenders import Row, Table, run

__all__ = ["Row", "Table", "Timing", "add_arguments", "beside", "command", "run"]
