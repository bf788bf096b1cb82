"""Cost: what it takes to remember, by formula, for the settings of the paper."""

import html

from mcviz import figures, words
from mcviz.site import frame, numbers
from mcviz.tradeoff import PAPER, Setting

PICTURES = {
    "spent": "Operations per token against the length of the sequence",
    "stored": "Bytes kept per token against the length of a segment",
    "fetched": "What one more token reads: memories read and bytes fetched against the length so far",
}


def settings() -> dict[str, tuple[str, Setting]]:
    """What is shown: a file's name, how it is called, and the sizes."""
    return {f"paper-{n}": (f"The paper's {one.name}", one.setting) for n, one in enumerate(PAPER)}


def page() -> str:
    """The page."""
    body = [
        "<h1>What it costs to remember</h1>",
        "<p>Operations, reads and bytes of every variant beside attention with its KV cache, by formula. An operation "
        "is one multiplication, addition or elementary function on one number. In the explorer that is installed, the "
        "sizes can be moved, and the same is counted in a run and measured on the machine.</p>",
    ]
    for name, (title, setting) in settings().items():
        sizes = f"d = {setting.d}, H = {setting.H}, C = {setting.C:,}, L = {setting.L:,}, k = {setting.k}"
        drawn = "".join(numbers.figure(f"cost/{name}-{draw}", says) for draw, says in PICTURES.items())
        body.append(
            f"<details{' open' if setting == PAPER[0].setting else ''}>"
            f"<summary><b>{html.escape(title)}</b>: {sizes}</summary>"
            f"<p>{html.escape(words.weighed(setting))}</p>{drawn}{numbers.table(words.ledger(setting))}</details>"
        )
    return frame.page(
        "Cost",
        "\n".join(body),
        "cost/",
        kind="wide",
        styles=numbers.STYLES,
        scripts=numbers.SCRIPTS,
        policy=numbers.POLICY,
    )


def files() -> dict[str, str]:
    """The figures, by their file's name."""
    return {
        f"cost/{name}-{draw}-{theme}.json": str(getattr(figures, draw)(setting, theme).to_json())
        for name, (_, setting) in settings().items()
        for draw in PICTURES
        for theme in numbers.THEMES
    }
