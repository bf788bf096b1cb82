"""Do the numbers hold up? The board of claims as a page, each with what it rests on and its figures."""

import html
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from mcviz import claims, figures, words
from mcviz.claims import Finding, Step
from mcviz.site import frame

THEMES = ("light", "dark")
POLICY: Mapping[str, str] = {
    **frame.POLICY,
    "style-src": "'self' 'unsafe-inline'",  # Plotly sets styles of its own; scripts stay ours
}
Draw = Callable[..., figures.Figure]
SCRIPTS, STYLES = ("figures.js",), ("figures.css",)


def page(board: Sequence[Finding]) -> str:
    """The page."""
    count = {verdict: sum(one.verdict == verdict for one in board) for verdict in claims.VERDICTS}
    said = ", ".join(f"{n} {words.SIGNS[name]} {name}" for name, n in count.items() if n)
    body = [
        "<h1>Do the numbers hold up?</h1>",
        f"<p>{html.escape(claims.told(claims.rows()))}</p>",
        f"<p><b>{len(board)} claims:</b> {html.escape(said)}.</p>",
    ]
    for family in dict.fromkeys(one.claim.family for one in board):
        body.append(f"<h2>{html.escape(family)}</h2>")
        body += frontier(board) if family == claims.FRONTIER else ()
        body += [opening(one) for one in board if one.claim.family == family]
    body.append(f'<p class="muted">To make all runs again: <code>{html.escape(claims.SHELL)}</code></p>')
    return frame.page(
        "Do the numbers hold up?",
        "\n".join(body),
        "numbers/",
        kind="wide",
        styles=STYLES,
        scripts=SCRIPTS,
        policy=POLICY,
    )


def frontier(board: Sequence[Finding]) -> list[str]:
    """Whether it is the caching or only more memory: in words, and a picture for each number of pairs."""
    if not claims.points(claims.rows()):
        return []
    answer = words.frontier_answer({one.claim.name: one.verdict for one in board})
    recalls = {one.claim.name: one.intervals for one in board}
    beside = words.frontier_beside(recalls, {one.claim.name: one.steps[-1].interval for one in board if one.steps})
    said = words.frontier_in_words(recalls)
    said += words.seeds_in_words({one.claim.name: one.values for one in board})
    drawn = [figure(f"numbers/frontier-{factor}", f"Recall of {claims.ASKED[factor]}") for factor in claims.FACTORS]
    asked = f"<p><strong>Is it the caching, or only more memory?</strong> {html.escape(answer)}</p>"
    return [asked, table(beside), f"<p>{html.escape(' '.join(said))}</p>", *drawn]


def opening(finding: Finding) -> str:
    """One claim: its verdict and its words; open, the evidence, the rule and the paper's own numbers."""
    claim = finding.claim
    steps, asked = ("".join(map(decided, each)) for each in (finding.steps, finding.control))
    control = f"<p>Only where this holds, too, is anything decided:</p><ul>{asked}</ul>" if asked else ""
    drawn = "".join(figure(f"numbers/{name}", says) for name, says, _ in shown(finding))
    remark = f'<p class="muted">{html.escape(claim.remark)}</p>' if claim.remark else ""
    run = claim.run.get("run")
    way = f'<p><a href="../play/index.html?v=1&amp;run={html.escape(str(run))}">Watch one run</a></p>' if run else ""
    return (
        f'<details class="claim" id="{html.escape(claim.name)}"><summary><span class="verdict" '
        f'data-verdict="{html.escape(finding.verdict)}">{html.escape(words.SIGNS[finding.verdict])} '
        f"{html.escape(finding.verdict)}</span> {html.escape(claim.statement)}</summary>\n"
        f"<p>{html.escape(words.origin(claim.source))}. Measured: {html.escape(claim.measured)}; "
        f"{len(finding.seeds)} seeds.</p>\n<p><b>The rule.</b> {html.escape(words.fixed(claim.seen))}</p>"
        f"<ul>{steps}</ul>{control}\n"
        f"{drawn}\n{table(words.measured(finding.intervals))}\n{remark}{way}</details>"
    )


def decided(step: Step) -> str:
    """A comparison, its verdict and what gave it."""
    return (
        f"<li>{html.escape(str(step.comparison))}: <b>{html.escape(step.verdict)}</b>; "
        f"{words.second_less_first(step.interval)}</li>"
    )


def shown(finding: Finding) -> list[tuple[str, str, str]]:
    """The figures of a claim: the name of each, what it shows, and the function that draws it."""
    name = finding.claim.name
    drawn = [
        (f"{name}-evidence", "What our runs say: a ring for each seed, the mean and its 95 % interval", "evidence")
    ]
    if finding.claim.family != claims.EXACT:
        drawn.append((f"{name}-comparisons", "What decides: differences with the same seed", "comparisons"))
    if finding.claim.reported:
        drawn.append((f"{name}-reported", "What the paper reports, at its scale", "reported"))
    return drawn if finding.steps else []


def files(board: Sequence[Finding]) -> dict[str, str]:
    """The figures, by their file's name."""
    points = claims.points(claims.rows())
    drawn: dict[str, Draw] = {
        f"frontier-{factor}": partial(figures.frontier, points, factor) for factor in claims.FACTORS if points
    }
    for finding in board:
        drawn |= {name: partial(getattr(figures, draw), finding) for name, _, draw in shown(finding)}
    return {
        f"numbers/{name}-{theme}.json": str(draw(theme=theme).to_json())
        for name, draw in drawn.items()
        for theme in THEMES
    }


def figure(name: str, says: str) -> str:
    """Room for a figure, which the page draws when it comes into view."""
    return (
        f'<figure data-figure="../{html.escape(name)}"><figcaption>{html.escape(says)}</figcaption>'
        f'<div class="drawing" role="img" aria-label="{html.escape(says)}"></div></figure>'
    )


def table(columns: Mapping[str, Sequence[object]]) -> str:
    """Columns of text as a table, whose cells know their column: a telephone shows each row by itself."""
    names = [html.escape(str(name)) for name in columns]
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = [
        "".join(
            f'<td data-column="{name}">{html.escape(str(cell))}</td>' for name, cell in zip(names, row, strict=True)
        )
        for row in zip(*columns.values(), strict=True)
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="scroll"><table class="sheet"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
