"""The front page: the README's picture and sentence, the ways in, and how to cite."""

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mcviz.site import frame, markdown

WAYS: Mapping[str, str] = {
    "play/": "Step through trained models token by token. This browser computes; no install, no server.",
    "learn/": "Eleven notebooks, from a memory that forgets to building it fast, as pages with their pictures.",
    "numbers/": "The paper's claims, each with its rule, seeds, intervals and a verdict.",
    "cost/": "Operations, reads and bytes of every variant beside attention with its KV cache.",
    "words/": "Every term once, and the equations of every memory rule.",
    "teach/": "A guide for 3 × 90 minutes.",
    "api/": "Every public name of the package.",
    "contribute/": "How the code is built, and recipes for a rule, a panel, a claim and a page.",
}


def page(root: Path) -> str:
    """The page, of the project in the folder `root`."""
    ways = "".join(
        f'<li><a href="{at}index.html">{html.escape(frame.PAGES[at])}</a>: {html.escape(says)}</li>'
        for at, says in WAYS.items()
    )
    body = (
        f"<h1>mcviz</h1>\n{sentence(root)}\n"
        '<p><a class="button" href="play/index.html">Play</a></p>\n'
        '<p><a href="play/index.html"><img src="explorer.png" alt="The explorer: a trained model answers a query from '
        'the checkpoint of the document that holds the fact"></a></p>\n'
        f'<ul class="ways">{ways}</ul>\n{cite(root)}'
    )
    return frame.page("mcviz", body, "", about="Watch a recurrent network remember.")


def sentence(root: Path) -> str:
    """What the README says first."""
    said = (root / "README.md").read_text(encoding="utf-8").split("\n\n")
    return markdown.render(said[1], "README.md")


def cite(root: Path) -> str:
    """The citation of the project and of the paper, as `CITATION.cff` has them."""
    told = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    paper = told["references"][0]
    ours = entry("software", "mcviz", told, {"version": told["version"]})
    theirs = entry(
        "article", "memorycaching", paper, {"year": paper["year"], "journal": paper["identifiers"][0]["value"]}
    )
    entries = html.escape(f"{ours}\n{theirs}")
    return f"<h2 id='cite'>Cite</h2><p>{html.escape(told['message'])}</p><pre>{entries}</pre>"


def entry(kind: str, key: str, told: Mapping[str, Any], more: Mapping[str, Any]) -> str:
    """An entry for BibTeX."""
    people = [one.get("name") or f"{one['family-names']}, {one['given-names']}" for one in told["authors"]]
    fields = {
        "author": " and ".join(f"{{{p}}}" if "," not in p else p for p in people),
        "title": f"{{{told['title']}}}",
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in {**fields, **more}.items())
    return f"@{kind}{{{key},\n{lines}}}\n"
