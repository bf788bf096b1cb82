"""Words: every term once, and the equations of every rule."""

import html

from mcviz.rules import SHEETS, Equation
from mcviz.rules.equation import latex
from mcviz.site import frame, markdown
from mcviz.words import glossary


def page() -> str:
    """The page."""
    terms = "\n".join(map(entry, glossary.TERMS.values()))
    rules = "\n".join(rule(name) for name in SHEETS)
    body = f"<h1>Words</h1>\n<dl>{terms}</dl>\n<h2 id='rules'>The memory rules</h2>\n{rules}"
    return frame.page("Words", body, "words/", about="Every term of mcviz, and the equations of every memory rule.")


def entry(term: glossary.Term) -> str:
    """A term with its symbol, its sentences and its equation."""
    symbol = f" {markdown.equation(latex(term.symbol), False)}" if term.symbol else ""
    shown = line(term.equation) if term.equation else ""
    place, *others = (html.escape(word.replace(" ", "-")) for word in (term.name, *term.also))
    marks = "".join(f'<a id="{other}"></a>' for other in others)
    name = f"<b>{html.escape(term.name)}</b>"
    return f'<dt id="{place}">{marks}{name}{symbol}</dt><dd>{html.escape(term.says)}{shown}</dd>'


def rule(name: str) -> str:
    """A memory rule at its defaults: where it comes from, how it is written, and what each option does."""
    sheet = SHEETS[name]
    lines = "".join(map(line, sheet.write(sheet.defaults)))
    options = "".join(
        f"<li><code>{html.escape(option.name)}</code> ({html.escape(str(option.default))}): "
        f"{html.escape(option.help)}</li>"
        for option in sheet.options
    )
    listed = f"<ul>{options}</ul>" if options else ""
    return f"<h3 id='rule-{name}'>{html.escape(sheet.title)}</h3><p>{html.escape(sheet.source)}.</p>{lines}{listed}"


def line(equation: Equation) -> str:
    """An equation with its number in the paper."""
    number = f'<span class="muted">Eq. {html.escape(equation.number)}</span>' if equation.number else ""
    return f"{markdown.equation(equation.latex)}{number}"
