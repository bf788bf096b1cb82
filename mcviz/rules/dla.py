"""Deep linear attention."""

from mcviz.rules.equation import Equation
from mcviz.rules.network import Network
from mcviz.rules.sheet import Coefficient, Options


class DLA(Network):
    """A network that takes gradient steps towards the values."""

    name, place = "dla", 6
    title, short = "DLA: deep linear attention", "DLA"
    source = "paper, Eq. 30-33"
    inner = "projection"
    normed = True
    numbers = ("30", "30")
    coefficients = (Coefficient("eta", "η", "how far the write steps"),)

    def constants(self, o: Options, K: int) -> dict[str, float]:
        return {"eta": self.step(o, K)}

    def write_operations(self, o: Options, K: int, V: int) -> int:
        update = 2 * self.weights(o, K, V)
        return self.read_operations(o, K, V) + V + self.gradient_operations(o, K, V) + update

    def write(self, o: Options) -> tuple[Equation, ...]:
        return (Equation("M_t = M_{t−1} − η_t ∇ℓ(M_{t−1}; k_t, v_t)", "31"),)


SHEET = DLA()
