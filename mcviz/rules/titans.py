"""Titans' long-term memory."""

from mcviz.rules.equation import Equation
from mcviz.rules.network import Network
from mcviz.rules.sheet import Coefficient, Options, Shapes


class Titans(Network):
    """A network that takes gradient steps with momentum, and forgets."""

    name, place = "titans", 7
    title, short = "Titans", "Titans"
    source = "paper, Eq. 34-36"
    inner = "distance"
    normed = True
    numbers = ("34", "34")
    coefficients = (
        Coefficient("alpha", "α", "how much of the memory stays", neutral=1.0),
        Coefficient("beta", "β", "how much of the momentum stays"),
        Coefficient("eta", "η", "how far the write steps"),
    )

    def constants(self, o: Options, K: int) -> dict[str, float]:
        """A stronger decay than 0.999 would starve two layers: what shrinks one shrinks the other's gradient."""
        return {"alpha": 0.999, "beta": 0.5, "eta": self.step(o, K)}

    def state(self, o: Options, K: int, V: int) -> Shapes:
        layers = super().state(o, K, V)
        return layers | {name.replace("W", "S"): shape for name, shape in layers.items()}

    def write_operations(self, o: Options, K: int, V: int) -> int:
        update = 5 * self.weights(o, K, V)
        return self.read_operations(o, K, V) + 2 * V + self.gradient_operations(o, K, V) + update

    def write(self, o: Options) -> tuple[Equation, ...]:
        """The paper prints the momentum with a minus that, read literally, climbs the loss; this one descends."""
        return (
            Equation("S_t = β_t S_{t−1} + η_t ∇ℓ(M_{t−1}; k_t, v_t)", "36"),
            Equation("M_t = α_t M_{t−1} − S_t", "35"),
        )


SHEET = Titans()
