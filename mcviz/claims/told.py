"""What the board says of itself, before its claims."""

from collections.abc import Iterable

from mcviz.claims.lab import SEEDS
from mcviz.rows import Row


def told(rows: Iterable[Row]) -> str:
    """What was asked, of which models, and how it was decided; `rows` are the runs that the board rests on."""
    return (
        f"The paper's claims, and questions that it leaves open, asked of small models with {weights(rows)} weights. "
        "Most claims ask for pairs: keys with their values come first, then keys whose values are asked for (MQAR). "
        f"There are {SEEDS} seeds for each condition (3 at width 512 of the ladder), and a rule for each verdict that "
        "was fixed before these runs, or says what had been seen. (Some settings had also been run before with fewer "
        "seeds; no margin was moved afterwards.) What holds here is not proven for large models, and what fails here "
        "is not refuted for them."
    )


def weights(rows: Iterable[Row]) -> str:
    """From how many to how many, in thousands."""
    found = [row["parameters"] for row in rows if "parameters" in row]
    return f"{round(min(found), -3):,} to {round(max(found), -3):,}"
