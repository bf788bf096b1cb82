"""What all pages share: one frame, one look, and a policy that lets nothing in from elsewhere."""

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pygments.formatters import HtmlFormatter

from mcviz.palette import PALETTES

FRONT = Path(__file__).parent / "front"
"""What the browser loads as it is."""

PAGES: Mapping[str, str] = {
    "play/": "Play",
    "learn/": "Learn",
    "numbers/": "Do the numbers hold up?",
    "cost/": "Cost",
    "words/": "Words",
    "teach/": "Teach",
    "api/": "API",
    "contribute/": "Contribute",
}
"""The places of the site, and how they are called."""

POLICY: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
"""The Content-Security-Policy of a page that asks for nothing else."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="{about}">
<link rel="icon" href="{icon}">
{links}
<title>{title}</title>
{scripts}
</head>
<body>
<a class="skip" href="#main">To the text</a>
<header><a class="home" href="{root}index.html">mcviz</a><nav aria-label="Pages">{pages}</nav></header>
{beside}<main id="main" class="{kind}">
{body}
</main>
<footer><p>Nothing on this page comes from another server, and nothing is sent to one.
<a href="{root}contribute/index.html#licences">Licences</a></p></footer>
</body>
</html>
"""


def page(
    title: str,
    body: str,
    place: str,
    *,
    about: str = "",
    kind: str = "text",
    beside: str = "",
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    links: Mapping[str, str] = MappingProxyType({}),
    policy: Mapping[str, str] = POLICY,
) -> str:
    """A page at `place`, such as "learn/" or "learn/03_gates.html".

    `body`, and what is `beside` it, is HTML, and all else is text. `styles`, `scripts`, and what `links` say is the
    page's "modulepreload" or the like, are named as they lie from the site's root.
    """
    root = "../" * place.count("/")
    linked = {**dict.fromkeys(("site.css", *styles), "stylesheet"), **links}
    return _PAGE.format(
        policy=html.escape("; ".join(f"{name} {value}" for name, value in policy.items())),
        about=html.escape(about or title),
        root=root,
        icon=icon(),
        links="\n".join(f'<link rel="{rel}" href="{root}{each}">' for each, rel in linked.items()),
        title=html.escape(f"{title} · mcviz" if title != "mcviz" else title),
        scripts="\n".join(f'<script type="module" src="{root}{each}"></script>' for each in scripts),
        pages=" ".join(link(root, at, name, place) for at, name in PAGES.items()),
        kind=kind,
        beside=beside and f"{beside}\n",
        body=body,
    )


def icon() -> str:
    """The icon, in the address itself: browsers ask for it whenever a page changes its own, also without a server."""
    content = (FRONT / "icon.svg").read_bytes()
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"


def link(root: str, at: str, name: str, place: str) -> str:
    """A link of the header, marked where the page belongs to it."""
    here = ' aria-current="page"' if place.startswith(at) else ""
    return f'<a href="{root}{at}index.html"{here}>{html.escape(name)}</a>'


def colours() -> str:
    """The palette as custom properties, light and dark."""
    names = ("ground", "zero", "grid", "ink", "muted", "gate", "online", "answer", "wrong")
    light, dark = (
        " ".join(f"--{name}: {getattr(PALETTES[scheme], name)};" for name in names) for scheme in ("light", "dark")
    )
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def code(selector: str) -> str:
    """The colours of code under a selector, light and dark."""
    light, dark = (HtmlFormatter(style=style).get_style_defs(selector) for style in ("friendly", "github-dark"))
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
