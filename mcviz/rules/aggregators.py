"""Aggregators, gates and contexts: all that is true of them and is not their arithmetic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mcviz.rules.equation import Equation

READ = "i ≤ s"
ROUTED = "i in R_t or i = s"


@dataclass(frozen=True)
class Aggregator:
    """One way to read all memories."""

    name: str
    title: str  # in lists
    short: str  # in a sentence
    gated: bool  # whether it weighs memories by their scores
    weight: Equation
    output: Equation
    mixed: Equation | None = None  # parameters that are mixed before they are read
    score: str = ""  # the paper's number for its score
    router: str = ""  # and for the set that it selects
    most: Callable[[int, int], int] = lambda n, k: n  # memories that it reads at most, of n, selecting k

    @property
    def mixes(self) -> bool:
        """Whether parameters are mixed and read once, so that no memory answers on its own."""
        return self.mixed is not None

    @property
    def routes(self) -> bool:
        """Whether a router selects what is read."""
        return bool(self.router)


def _softmax(over: str) -> str:
    return f"γ_t^(i) = exp r_t^(i) / Σ_{{{over.replace('i ', 'j ')}}} exp r_t^(j)"


AGGREGATORS: Mapping[str, Aggregator] = {
    one.name: one
    for one in (
        Aggregator(
            "none",
            "None: the online memory alone",
            "no caching",
            gated=False,
            weight=Equation("γ_t^(s) = 1"),
            output=Equation("y_t = M^(s)(q_t)"),
            most=lambda n, k: 1,
        ),
        Aggregator(
            "residual",
            "Residual: add all",
            "residual",
            gated=False,
            weight=Equation("γ_t^(i) = 1", "6"),
            output=Equation(f"y_t = Σ_{{{READ}}} M^(i)(q_t)", "6"),
        ),
        Aggregator(
            "grm",
            "GRM: gated residual",
            "GRM",
            gated=True,
            score="9",
            weight=Equation(_softmax(READ), "9"),
            output=Equation(f"y_t = Σ_{{{READ}}} γ_t^(i) M^(i)(q_t)", "8"),
        ),
        Aggregator(
            "soup",
            "Soup: mix memories",
            "soup",
            gated=True,
            score="9",
            weight=Equation(_softmax(READ), "9"),
            mixed=Equation(f"θ*_t = Σ_{{{READ}}} γ_t^(i) θ^(i)", "14"),
            output=Equation("y_t = M*_t(q_t)", "15"),
        ),
        Aggregator(
            "ssc",
            "SSC: the router selects",
            "SSC",
            gated=True,
            score="16",
            router="16",
            weight=Equation(_softmax(ROUTED), "17"),
            output=Equation(f"y_t = Σ_{{{ROUTED}}} γ_t^(i) M^(i)(q_t)", "17"),
            most=lambda n, k: k + 1,
        ),
        Aggregator(
            "average",
            "Average of all",
            "average",
            gated=False,
            weight=Equation("γ_t^(i) = 1 / (s + 1)"),
            output=Equation(f"y_t = Σ_{{{READ}}} γ_t^(i) M^(i)(q_t)"),
        ),
    )
}

GATES: Mapping[str, str] = {
    "context": "r_t^(i) = ⟨u_t, c^(i)⟩",
    "token": "r_t^(i) = u_t[(s − i) mod K]",
    "shared": "r_t^(i) = ⟨q_t, c^(i)⟩",
}
"""What a gate compares: the connector with a segment's context, the token alone by a memory's age, or the query with a
segment's context."""

POOLINGS: Mapping[str, str] = {
    "mean": "c^(i) = mean_{j in S(i)} k_j",
    "sum": "c^(i) = Σ_{j in S(i)} k_j",
}
"""How the keys of a segment, S(i), make its context; those of a token's own segment up to the token."""


SHARE = Equation("⟨γ_t^(i) M^(i)(q_t), y_t⟩ / ⟨y_t, y_t⟩")
"""What a memory adds to the output, measured along it: a share of 1."""


def score(aggregator: str, gate: str) -> Equation | None:
    """How relevant a memory is; None where nothing is compared. The gate by age is not the paper's."""
    one = AGGREGATORS[aggregator]
    return Equation(GATES[gate], "" if gate == "token" else one.score) if one.gated else None


def context(pooling: str) -> Equation:
    """What a score compares a token with."""
    return Equation(POOLINGS[pooling], "9")


def router(aggregator: str, top_k: int) -> Equation | None:
    """Which checkpoints are selected; None where all are read, or none."""
    number = AGGREGATORS[aggregator].router
    return Equation(f"R_t = top_{{{top_k}}}(r_t^(i), i < s)", number) if number else None
