"""The command `mcviz site`."""

import argparse
from pathlib import Path

from mcviz.site.build import build
from mcviz.site.runtime import VERSION, runtime


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to write the site, and where Python for the browser lies."""
    parser.add_argument("--out", type=Path, default=Path("site"), help="a folder to write (default: site)")
    parser.add_argument(
        "--pyodide",
        type=Path,
        metavar="DIR",
        help=f"a folder with the files of Pyodide {VERSION} and its wheels (default: they are fetched by npm and pip, "
        "checked, and kept for the next time)",
    )


def command(arguments: argparse.Namespace) -> None:
    """Build the site."""
    build(arguments.out, runtime(arguments.pyodide))
    size = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file())
    print(f"{arguments.out}: {size / 2**20:.1f} MB. To look at it: python -m http.server --directory {arguments.out}")
