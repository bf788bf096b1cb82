"""The delta rule."""

from mcviz.rules.equation import Equation
from mcviz.rules.sheet import Coefficient, Matrix, Options


class Delta(Matrix):
    """A write first takes back what its key already brings up."""

    name, place = "delta", 4
    title, short = "Delta rule", "delta rule"
    source = "not in the paper's tables: Titans' linear case"
    inner = "half distance"
    normed = True
    coefficients = (Coefficient("eta", "η", "how far the write steps"),)

    def constants(self, o: Options, K: int) -> dict[str, float]:
        """The step that shrinks an error fastest in the mean square over normal keys, whose |k|² is K on average.

        Above 2 / (K + 2) errors grow.
        """
        return {"eta": 1.0 / (K + 2)}

    def write_operations(self, o: Options, K: int, V: int) -> int:
        return 4 * V * K + 2 * V

    def write(self, o: Options) -> tuple[Equation, ...]:
        return (Equation("M_t = M_{t−1} − η_t (M_{t−1} k_t − v_t) k_t^T"),)


SHEET = Delta()
