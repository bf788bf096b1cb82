"""What memories have in common that are small networks, trained while they read (appendix B)."""

from typing import ClassVar

from mcviz.rules.equation import Equation
from mcviz.rules.sheet import LOSSES, Option, Options, Shapes, Sheet

GELU, GELU_SLOPE = 8, 15
"""Operations per number of GELU's tanh form, and of its derivative."""


class Network(Sheet):
    """A memory `M(x) = skip(x) + W1 σ(W2 norm(x))`, or `skip(x) + W1 norm(x)` at depth 1."""

    kind = "network"
    numbers: ClassVar[tuple[str, str]]  # of the read and of the inner loss in the paper
    options = (
        Option("depth", 2, "Layers", "2 is M(x) = skip(x) + W1 σ(W2 norm(x)); 1 is a matrix.", (1, 2)),
        Option("expansion", 4, "Expansion", "Hidden width of the two-layer memory, in units of K."),
        Option("residual", True, "Residual", "Add the input, cut or padded with zeros to V numbers: skip(x)."),
        Option("norm", True, "Layer norm", "Norm the input on its way into the layers, without a learned scale."),
    )

    def width(self, o: Options, K: int) -> int:
        """Numbers that the outer layer takes in."""
        return int(o["expansion"]) * K if o["depth"] == 2 else K

    def step(self, o: Options, K: int) -> float:
        """A learning rate that stays finite over long sequences of normal keys.

        A two-layer memory has `expansion` times K hidden numbers, and a curvature that rises as it learns, so its
        step has a margin.
        """
        return 0.25 / (self.width(o, K) + 32)

    def state(self, o: Options, K: int, V: int) -> Shapes:
        E = self.width(o, K)
        return {"W1": (V, E), **({"W2": (E, K)} if o["depth"] == 2 else {})}

    def readable(self, o: Options) -> tuple[str, ...]:
        return ("W1", "W2") if o["depth"] == 2 else ("W1",)

    def drawn(self, o: Options, K: int) -> dict[str, tuple[float, int]]:
        """Two layers of zeros never learn: the gradient of either is a product with the other.

        The hidden layer keeps a normed input's scale, and the outer one has a tenth of that, so that an unwritten
        memory says little.
        """
        return {"W1": (0.1, self.width(o, K)), "W2": (1.0, K)} if o["depth"] == 2 else {}

    def read_operations(self, o: Options, K: int, V: int) -> int:
        E = self.width(o, K)
        hidden = 2 * E * K + GELU * E if o["depth"] == 2 else 0
        return (5 * K + 4 if o["norm"] else 0) + hidden + 2 * V * E + (V if o["residual"] else 0)

    def gradient_operations(self, o: Options, K: int, V: int) -> int:
        """Operations of the inner gradient, given its error."""
        if o["depth"] == 1:
            return V * K
        E = self.width(o, K)
        return V * E + GELU_SLOPE * E + 2 * V * E + E + E * K

    def weights(self, o: Options, K: int, V: int) -> int:
        """Numbers in all layers."""
        return self.width(o, K) * (V + K if o["depth"] == 2 else V)

    def read(self, o: Options) -> Equation:
        return Equation(f"M^(i)(q_t) = {self._answer(o)}", self.numbers[0])

    def _answer(self, o: Options) -> str:
        x = "norm(q_t)" if o["norm"] else "q_t"
        layers = f"W1^(i) σ(W2^(i) {x})" if o["depth"] == 2 else f"W1^(i) {x}"
        return f"skip(q_t) + {layers}" if o["residual"] else layers

    def loss(self, o: Options) -> Equation:
        return Equation(f"ℓ(M; k_t, v_t) = {LOSSES[self.inner].format(said='M(k_t)')}", self.numbers[1])
