"""Scalar decay: the recurrence of RetNet, Mamba-2 and Lightning Attention."""

from mcviz.rules.equation import Equation
from mcviz.rules.sheet import Coefficient, Matrix, Options


class Decay(Matrix):
    """What was written fades by a factor that each token sets, and the token is added."""

    name, place = "decay", 2
    title, short = "Scalar decay", "decay"
    source = "Dao & Gu 2024, arXiv 2405.21060"
    inner = "projection"
    coefficients = (
        Coefficient("alpha", "α", "how much of the memory stays", neutral=1.0, bounds=(0.0, 1.0)),
        Coefficient("lam", "λ", "how strongly the token is written"),
    )

    def constants(self, o: Options, K: int) -> dict[str, float]:
        # a pair fades to a third over a hundred tokens
        return {"alpha": 0.99, "lam": 1.0}

    def write_operations(self, o: Options, K: int, V: int) -> int:
        return 3 * V * K + V

    def write(self, o: Options) -> tuple[Equation, ...]:
        return (Equation("M_t = α_t M_{t−1} + λ_t v_t k_t^T"),)


SHEET = Decay()
