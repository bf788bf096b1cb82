"""The gated delta rule: decay, then a step of the delta rule (Gated DeltaNet)."""

from mcviz.rules.equation import Equation
from mcviz.rules.sheet import Coefficient, Matrix, Options


class GatedDelta(Matrix):
    """What was written fades, then a write takes back what its key still brings up."""

    name, place = "gated_delta", 5
    title, short = "Gated delta rule", "gated delta rule"
    source = "Yang, Kautz & Hatamizadeh 2024, arXiv 2412.06464"
    inner = "half distance"
    normed = True
    coefficients = (
        Coefficient("alpha", "α", "how much of the memory stays", neutral=1.0, bounds=(0.0, 1.0)),
        Coefficient("eta", "η", "how far the write steps"),
    )

    def constants(self, o: Options, K: int) -> dict[str, float]:
        """The step of the delta rule, and a decay to a third over a hundred tokens."""
        return {"alpha": 0.99, "eta": 1.0 / (K + 2)}

    def write_operations(self, o: Options, K: int, V: int) -> int:
        return 5 * V * K + 2 * V

    def write(self, o: Options) -> tuple[Equation, ...]:
        return (Equation("M_t = α_t M_{t−1} (I − η_t k_t k_t^T) + η_t v_t k_t^T"),)


SHEET = GatedDelta()
