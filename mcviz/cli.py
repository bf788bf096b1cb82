"""The command `mcviz`: explore, trace, export, train, claims, site, bench. Each loads only what it needs."""

import argparse
import errno
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

from mcviz import __version__, choices, files
from mcviz.choices import Choice
from mcviz.palette import ANYWHERE, PALETTES
from mcviz.trace import Trace

EXTRAS = {
    **dict.fromkeys(("torch", "safetensors", "joblib", "tqdm", "scipy"), "torch"),
    **dict.fromkeys(("streamlit", "plotly"), "app"),
    **dict.fromkeys(
        ("latex2mathml", "markdown_it", "mdit_py_plugins", "nbconvert", "pdoc", "platformdirs", "yaml"), "site"
    ),
    **dict.fromkeys(("memory_caching", "dask", "distributed"), "dev"),
}
"""Which extra of this project brings a package."""


class Command(NamedTuple):
    """What a command says of itself, the arguments that it adds to its parser, and what it does."""

    about: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int | None]


CLOSED = 128 + 13
"""The exit status where nobody reads on, as in `mcviz claims | head -1`: what a shell says of SIGPIPE, number 13."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 2 where an argument cannot be used or an extra is missing, or `CLOSED`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign shows another in its place
    try:
        try:
            return run(sys.argv[1:] if argv is None else list(argv))
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except BrokenPipeError:
        # what is left to write goes nowhere, also when Python ends
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return CLOSED


def run(words: Sequence[str]) -> int:
    """The command that `words` name, with what they say."""
    parser = argparse.ArgumentParser(prog="mcviz", description="Watch a recurrent network remember.")
    parser.add_argument("--version", action="version", version=f"mcviz {__version__}")
    parsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    chosen = next((word for word in words if not word.startswith("-")), None)
    try:
        for name, command in COMMANDS.items():
            one = parsers.add_parser(name, help=command.about, description=command.about)
            if name == chosen:
                command.arguments(one)
        arguments = parser.parse_args(words)
        return COMMANDS[arguments.command].run(arguments) or 0
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        extra = EXTRAS[package]
        print(
            f"mcviz: this needs {package}, which the extra '{extra}' brings. "
            f'In the folder of the project: python -m pip install -e ".[{extra}]"',
            file=sys.stderr,
        )
    except MemoryError:
        print("mcviz: expected a machine with more memory than is free here now", file=sys.stderr)
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        print(f"mcviz: {error}", file=sys.stderr)
    return 2


def explore_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to serve the explorer, and whether to open it."""
    parser.add_argument("--port", type=port, help="a port of this machine (default: the first free one from 8501)")
    parser.add_argument("--address", default="localhost", help="who may connect; 0.0.0.0: the whole network")
    parser.add_argument("--no-browser", action="store_true", help="start the server only")


def port(text: str) -> int:
    """A port by its number. Raises `ValueError` for what is none."""
    if not 1 <= int(text) <= 65535:
        raise ValueError(text)
    return int(text)


def explore(arguments: argparse.Namespace) -> int:
    """Start the explorer and open it in the browser. Nothing is sent anywhere.

    Raises `ValueError` for an address that is none of this machine.
    """
    folder = pages()
    # the pages import each other as `app`, whatever else has that name
    sys.path.insert(0, str(folder))
    # the settings of an app that a reader keeps here, in `.streamlit`, are not for this one
    with chdir(folder):
        import_module("plotly")
        streamlit = import_module("streamlit.web.cli")
        import_module("app.loaded")
        words = ["run", str(folder / "app" / "serve.py"), *(f"--{name}={value}" for name, value in options(arguments))]
        # Control-C ends it, in good order
        try:
            with suppress(import_module("click").Abort):
                streamlit.main(words, standalone_mode=False)
        except (OSError, UnicodeError) as error:
            if isinstance(error, UnicodeError | socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise ValueError(
                    f"address: expected one of this machine, such as localhost or 0.0.0.0; got {arguments.address!r}"
                ) from None
            raise
    return 0


ACCENT = {"light": PALETTES["light"].ink, "dark": ANYWHERE["gate"]}
"""What is chosen, and the button to press: red is what is wrong. Streamlit writes with it, and in white on it."""


def options(arguments: argparse.Namespace) -> Iterator[tuple[str, object]]:
    """The settings of Streamlit that the pages need, whatever the reader's own are, and those that are asked for."""
    yield from {
        "server.address": arguments.address,
        "server.showEmailPrompt": "false",
        "server.fileWatcherType": "none",
        "server.maxUploadSize": "64",
        "server.maxMessageSize": "200",
        "server.maxWidgetStateSize": "25",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "viewer",
        "client.showSidebarNavigation": "true",
        "runner.enforceSerializableSessionState": "false",
        "runner.postScriptGC": "false",  # of all readers' objects, for each change of one: Python looks when it is time
        "global.developmentMode": "false",
        **{f"theme.{theme}.primaryColor": colour for theme, colour in ACCENT.items()},
    }.items()
    if arguments.port is not None:
        yield "server.port", arguments.port
    if arguments.no_browser:
        yield "server.headless", "true"


def pages() -> Path:
    """The folder that holds the pages' package `app`: in an installed mcviz, or in a clone."""
    here = Path(__file__).parent
    installed = here / "_pages"
    return installed if installed.is_dir() else here.parent


OPTIONS = tuple(choice for choice in choices.CHOICES if choice.name not in ("segmentation", "lengths"))
"""The choices that are an option each: `--segmentation` takes the lengths too."""


def trace_arguments(parser: argparse.ArgumentParser) -> None:
    """What to run, how, and where to write it."""
    from mcviz import examples

    parser.add_argument("--example", default="needle", choices=examples.NAMES, help="what to run (default: needle)")
    parser.add_argument("--out", type=Path, default=Path("run.npz"), help="where to write the Trace (default: run.npz)")
    parser.add_argument("--text", default="", help="the text of the example 'text'")
    parser.add_argument("--split", default="word", choices=tuple(examples.SPLITS), help="how to cut that text")
    parser.add_argument("--segmentation", default="constant", help="constant, logarithmic, or lengths: 64,32,16")
    for choice in OPTIONS:
        option(parser, choice)
    parser.add_argument("--seed", type=int, default=0)


def option(parser: argparse.ArgumentParser, choice: Choice) -> None:
    """A choice about a run as an option of the command: `--segment-length 16`, `--no-norm`."""
    about = choice.help or choice.label
    how: dict[str, Any] = {"choices": tuple(choice.titles)} if choice.titles else {"type": type(choice.default)}
    if isinstance(choice.default, bool):
        how = {"action": argparse.BooleanOptionalAction}
    parser.add_argument(f"--{choice.name.replace('_', '-')}", default=choice.default, help=about, **how)


def trace(arguments: argparse.Namespace) -> None:
    """Run an example with the reference and save its Trace."""
    from mcviz import examples

    of_text = [name for name, default in (("text", ""), ("split", "word")) if getattr(arguments, name) != default]
    if of_text and arguments.example != "text":
        raise ValueError(f"{of_text[0]}: expected --example text with it, got {arguments.example}")
    if arguments.example == "text" and not arguments.text:
        raise ValueError("text: expected a text for the example 'text'; give --text")
    chosen = {**vars(arguments), "lengths": arguments.segmentation}
    given = {choice.name: chosen[choice.name] for choice in OPTIONS if chosen[choice.name] != choice.default}
    choices.check_heard(chosen.get, given)
    cfg = choices.config(chosen.__getitem__, arguments.seed)
    run = examples.run(arguments.example, cfg, text=arguments.text, split=arguments.split)
    run.save(arguments.out)
    print(f"{arguments.out}: {run.title}, {run.T} tokens, {run.H} heads, {run.N} segments, hash {run.hash[:12]}")


def export_arguments(parser: argparse.ArgumentParser) -> None:
    """Which saved run, or film of a training, to write as a page, and where."""
    parser.add_argument("trace", type=Path, help="a file that `mcviz trace`, `mcviz train --film` or Trace.save wrote")
    parser.add_argument("--out", type=Path, help="where to write the page (default: beside the file, as .html)")
    parser.add_argument("--hide-answers", action="store_true", help="show each answer once the reader asks for it")


def export(arguments: argparse.Namespace) -> None:
    """Write a Trace, or a film, as one HTML file that shows it without a server."""
    from mcviz import film

    path = arguments.trace
    out = arguments.out or path.with_name(path.name.removesuffix(".npz").removesuffix(".film") + ".html")
    if path.exists() and out.exists() and path.samefile(out):
        raise ValueError(f"out: expected another file than the one that is read, {path}; got {out}")
    if film.is_film(path):
        from mcviz.stepper import film_page

        files.write(out, film_page(film.Film.load(path), hide_answers=arguments.hide_answers))
    else:
        Trace.load(path).to_html(out, hide_answers=arguments.hide_answers)
    print(f"{out}: {out.stat().st_size:,} bytes")


def elsewhere(module: str, about: str) -> Command:
    """A command that lives in `module`, which has `add_arguments(parser)` and `command(args)`."""
    return Command(
        about,
        lambda parser: import_module(module).add_arguments(parser),
        lambda arguments: import_module(module).command(arguments),
    )


COMMANDS: Mapping[str, Command] = {
    "explore": Command("open the explorer in the browser", explore_arguments, explore),
    "trace": Command("run an example and save everything it computed", trace_arguments, trace),
    "export": Command("write a saved run, or the film of a training, as one HTML file", export_arguments, export),
    "train": elsewhere("mcviz.training", "train a small model on a task"),
    "claims": elsewhere("mcviz.claims", "what the paper claims, and what holds up at toy scale"),
    "site": elsewhere("mcviz.site.command", "build the site: pages for any browser, without an install"),
    "bench": elsewhere("mcviz.bench", "measure speed and memory on this machine"),
}
