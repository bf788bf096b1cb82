"""Markdown as HTML, with equations as MathML, which browsers set themselves."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from posixpath import normpath, relpath
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

ADDRESSES: Mapping[str, str] = {
    "README.md": "index.html",
    "CONTRIBUTING.md": "contribute/index.html",
    "CHANGELOG.md": "contribute/changes.html",
    "docs/layer.md": "learn/layer.html",
    "docs/gpu.md": "learn/gpu.html",
    "docs/site.md": "contribute/site.html",
    "docs/teaching/README.md": "teach/index.html",
    "notebooks/README.md": "learn/index.html",
    "notebooks/map.md": "learn/map.html",
    "docs/explorer.png": "explorer.png",
}
"""Files of the project, and where the site has them. Other files are named, and not linked to."""


def render(text: str, source: str) -> str:
    """Markdown that lies in the project at `source`, as HTML of its place in the site."""
    return str(_parser(source).render(text))


def equation(latex: str, display: bool = True) -> str:
    """An equation as MathML."""
    return str(convert(latex, display="block" if display else "inline"))


def address(target: str, source: str) -> str | None:
    """Where a link of the file `source` leads on the site; None where the site has no such thing."""
    if ":" in target or target.startswith("#"):
        return target
    path, _, place = target.partition("#")
    found = where(normpath(str(PurePosixPath(source).parent / path)))
    return (
        None
        if found is None
        else relpath(found, str(PurePosixPath(where(source) or "").parent)) + (place and f"#{place}")
    )


def where(path: str) -> str | None:
    """The place of a file of the project on the site."""
    if path.startswith("notebooks/") and path.endswith(".ipynb"):
        return f"learn/{PurePosixPath(path).stem}.html"
    return ADDRESSES.get(path)


def _parser(source: str) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.use(dollarmath_plugin, double_inline=True, renderer=_math)
    parser.use(anchors_plugin, max_level=3)
    parser.core.ruler.push("addresses", _addressed(source))
    # a table wider than a telephone does not move its page aside
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _math(latex: str, how: Mapping[str, Any]) -> str:
    return equation(latex, how["display_mode"])


def _addressed(source: str) -> Callable[[Any], None]:
    """A step of the parser that turns links between files into links between pages."""

    def step(state: Any) -> None:
        for block in state.tokens:
            left_out = False
            for token in block.children or ():
                name = {"link_open": "href", "image": "src"}.get(token.type)
                if name is not None:
                    found = address(str(token.attrs[name]), source)
                    left_out = found is None
                    token.attrs[name] = found or ""
                if left_out and token.type in ("link_open", "link_close"):
                    left_out = token.type == "link_open"
                    _forget(token)

    return step


def _forget(link: Token) -> None:
    """Leave the text of a link, and nothing to follow."""
    link.type, link.tag, link.attrs = f"span_{link.type.removeprefix('link_')}", "span", {}
