"""The equation behind each kind of number in the view, and the line of the reference that computes it."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from mcviz.config import MCConfig
from mcviz.reference import aggregators, loop, memory


class Equation(NamedTuple):
    """A formula in plain text (`_` and `^` lead sub- and superscripts), its number in the paper, its function."""

    formula: str
    number: str
    source: Callable[..., Any]


def equations(cfg: MCConfig) -> dict[str, dict[str, str]]:
    """By kind of number: `formula`, `number` ("" where the paper has none) and `source`, the file, line and name."""
    rule = type(memory.rule(cfg))
    table = {
        "score": _score(cfg),
        "weight": _weight(cfg),
        "read": Equation(_READ[cfg.memory], _READ_NUMBER[cfg.memory], rule.read),
        "output": _output(cfg),
        "state": Equation(_WRITE[cfg.memory], _WRITE_NUMBER[cfg.memory], rule.write),
        "context": Equation(
            "c^(i) = mean of the segment's keys" if cfg.pooling == "mean" else "c^(i) = sum of the segment's keys",
            "9",
            loop.Stream.step,
        ),
    }
    if cfg.memory in _LOSS:
        table["loss"] = Equation(_LOSS[cfg.memory], _LOSS_NUMBER[cfg.memory], rule.write)
    if cfg.aggregator == "soup":
        table["mixed"] = Equation("θ*_t = Σ_i γ_t^(i) θ^(i)", "14", memory.mix)
    return {
        kind: {"formula": one.formula, "number": one.number, "source": where(one.source)} for kind, one in table.items()
    }


def where(function: Callable[..., Any]) -> str:
    """`mcviz/reference/memory.py, line 103: Linear.read`"""
    plain = inspect.unwrap(function)
    path = Path(plain.__code__.co_filename)
    return f"mcviz/{path.parent.name}/{path.name}, line {plain.__code__.co_firstlineno}: {plain.__qualname__}"


def _score(cfg: MCConfig) -> Equation:
    if cfg.gate == "token":
        return Equation("r_t^(i) = u_t[(s − i) mod K]", "", loop.gate)
    connector = "q" if cfg.gate == "shared" else "u"
    return Equation(f"r_t^(i) = ⟨{connector}_t, c^(i)⟩", "16" if cfg.aggregator == "ssc" else "9", loop.gate)


def _weight(cfg: MCConfig) -> Equation:
    formula, number = {
        "none": ("γ_t^(s) = 1, and no checkpoint is read", ""),
        "residual": ("γ_t^(i) = 1", "6"),
        "average": ("γ_t^(i) = 1 / number of memories", ""),
        "grm": ("γ_t^(i) = exp r_t^(i) / Σ_j exp r_t^(j)", "9"),
        "soup": ("γ_t^(i) = exp r_t^(i) / Σ_j exp r_t^(j)", "9"),
        "ssc": ("γ_t^(i) = exp r_t^(i) / Σ_j exp r_t^(j), j in R_t or online", "17"),
    }[cfg.aggregator]
    return Equation(formula, number, aggregators.WEIGHINGS[cfg.aggregator])


def _output(cfg: MCConfig) -> Equation:
    if cfg.aggregator == "soup":
        return Equation("y_t = M*_t(q_t)", "15", aggregators.blend)
    numbers = {"none": "", "residual": "6", "average": "", "grm": "8", "ssc": "17"}
    return Equation("y_t = Σ_i γ_t^(i) M^(i)(q_t)", numbers[cfg.aggregator], aggregators.add)


_WRITE = {
    "linear": "M_t = M_{t−1} + v_t k_t^T",
    "swla": "M_t = α_t M_{t−1} + β_t Σ_j v_{t−j} k_{t−j}^T + λ_t v_t k_t^T",
    "delta": "M_t = M_{t−1} − η_t (M_{t−1} k_t − v_t) k_t^T",
    "dla": "M_t = M_{t−1} − η_t ∇ℓ(M_{t−1}; k_t, v_t)",
    "titans": "M_t = α_t M_{t−1} − S_t,  S_t = β_t S_{t−1} + η_t ∇ℓ(M_{t−1}; k_t, v_t)",
    "vector": "m_t = m_{t−1} + v_t",
}
_WRITE_NUMBER = {"linear": "2", "swla": "29", "delta": "", "dla": "31", "titans": "35, 36", "vector": "18"}
_READ = {
    "linear": "M^(i)(q_t) = M^(i) q_t",
    "swla": "M^(i)(q_t) = M^(i) q_t",
    "delta": "M^(i)(q_t) = M^(i) q_t",
    "dla": "M^(i)(q_t) = q_t + W1^(i) σ(W2^(i) q_t)",
    "titans": "M^(i)(q_t) = q_t + W1^(i) σ(W2^(i) q_t)",
    "vector": "M^(i)(q_t) = m^(i)",
}
_READ_NUMBER = {"linear": "2", "swla": "26", "delta": "", "dla": "30", "titans": "34", "vector": "18"}
_LOSS = {
    "linear": "ℓ(M; k_t, v_t) = −⟨M k_t, v_t⟩",
    "delta": "ℓ(M; k_t, v_t) = ½ |M k_t − v_t|²",
    "dla": "ℓ(M; k_t, v_t) = −⟨M(k_t), v_t⟩",
    "titans": "ℓ(M; k_t, v_t) = |M(k_t) − v_t|²",
}
_LOSS_NUMBER = {"linear": "12", "delta": "", "dla": "30", "titans": "34"}
