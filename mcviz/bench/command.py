"""The command `mcviz bench`."""

import argparse
from pathlib import Path

from mcviz import files
from mcviz.bench.contenders import SIZES, run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to measure, on what, and where to write the results."""
    parser.add_argument("--device", default="cpu", help="cpu, cuda, or another device of torch (default: cpu)")
    parser.add_argument("--sizes", type=int, nargs="+", action="extend", metavar="T", help="lengths in tokens")
    parser.add_argument(
        "--threads", type=int, default=1, help="threads of the CPU (default: 1, 0: as many as torch has)"
    )
    parser.add_argument("--quick", action="store_true", help="short sequences and few rounds, to see that it works")
    parser.add_argument("--out", type=Path, default=Path("bench"), help="a folder for the results (default: bench)")


def command(arguments: argparse.Namespace) -> None:
    """Measure, print the table, and write it as `bench.md`, `bench.json` and `bench.html`."""
    from mcviz.bench.report import to_html, to_json, to_markdown

    arguments.out.mkdir(parents=True, exist_ok=True)
    table = run(arguments.device, arguments.sizes or SIZES, arguments.quick, arguments.threads)
    for name, text in {"md": to_markdown(table), "json": to_json(table), "html": to_html(table)}.items():
        files.write(arguments.out / f"bench.{name}", text)
    print(to_markdown(table))
    print(f"{arguments.out / 'bench.html'}: the same as a page")
