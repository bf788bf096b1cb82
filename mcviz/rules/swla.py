"""Sliding-window linear attention."""

from mcviz.rules.equation import Equation
from mcviz.rules.sheet import Coefficient, Matrix, Option, Options, Shapes


class SWLA(Matrix):
    """A matrix into which each write takes the latest pairs."""

    name, place = "swla", 3
    title, short = "SWLA: sliding window", "SWLA"
    source = "paper, Eq. 26-29"
    read_number = "26"
    options = (Option("window", 2, "Window", "How many of the latest pairs one write takes in, its own included."),)
    coefficients = (
        Coefficient("alpha", "α", "how much of the memory stays", neutral=1.0),
        Coefficient("beta", "β", "how strongly the earlier pairs of the window are written again"),
        Coefficient("lam", "λ", "how strongly the token is written"),
    )

    def constants(self, o: Options, K: int) -> dict[str, float]:
        return {"alpha": 1.0, "beta": 1.0 / o["window"], "lam": 1.0 / o["window"]}

    def state(self, o: Options, K: int, V: int) -> Shapes:
        past = o["window"] - 1
        return {"M": (V, K), "k": (past, K), "v": (past, V)}

    def write_operations(self, o: Options, K: int, V: int) -> int:
        return (6 + 2 * (o["window"] - 1)) * V * K

    def write(self, o: Options) -> tuple[Equation, ...]:
        window = o["window"]
        past = {1: "", 2: " + β_t v_{t−1} k_{t−1}^T"}.get(window, f" + β_t Σ_{{0<j<{window}}} v_{{t−j}} k_{{t−j}}^T")
        return (Equation(f"M_t = α_t M_{{t−1}}{past} + λ_t v_t k_t^T", "29"),)


SHEET = SWLA()
