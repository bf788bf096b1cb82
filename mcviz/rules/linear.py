"""Linear attention."""

from mcviz.rules.equation import Equation
from mcviz.rules.sheet import LOSSES, Matrix, Option, Options, Shapes


class Linear(Matrix):
    """A matrix that sums the outer products of what is written."""

    name, place = "linear", 1
    title, short = "Linear attention", "linear"
    source = "paper, Eq. 2 and 12"
    inner = "projection"
    options = (
        Option(
            "feature_map",
            "identity",
            "Feature map",
            "What stands for queries and keys: themselves, or elu(x) + 1, which is always positive.",
            ("identity", "elu"),
        ),
        Option(
            "normalizer",
            False,
            "Normaliser",
            "Divide a read by ⟨z, φ(q)⟩, z the sum of written keys. It needs the positive feature map.",
        ),
    )

    def conflict(self, o: Options) -> str:
        if not o["normalizer"] or o["feature_map"] == "elu":
            return ""
        return f"options.normalizer: expected the positive feature_map 'elu' beside it, got {o['feature_map']!r}"

    def state(self, o: Options, K: int, V: int) -> Shapes:
        return {"M": (V, K), **({"z": (K,)} if o["normalizer"] else {})}

    def readable(self, o: Options) -> tuple[str, ...]:
        return ("M", "z") if o["normalizer"] else ("M",)

    def read_operations(self, o: Options, K: int, V: int) -> int:
        return 2 * V * K + self._map_operations(o, K) + (2 * K + V if o["normalizer"] else 0)

    def write_operations(self, o: Options, K: int, V: int) -> int:
        return 2 * V * K + self._map_operations(o, K) + (K if o["normalizer"] else 0)

    def _map_operations(self, o: Options, K: int) -> int:
        return 4 * K if o["feature_map"] == "elu" else 0

    def features(self, o: Options) -> Equation | None:
        return Equation("φ(x) = elu(x) + 1", "2") if o["feature_map"] == "elu" else None

    def write(self, o: Options) -> tuple[Equation, ...]:
        matrix = Equation(f"M_t = M_{{t−1}} + v_t {self._mapped(o, 'k_t')}^T", "2")
        return (matrix, Equation("z_t = z_{t−1} + φ(k_t)", "2")) if o["normalizer"] else (matrix,)

    def read(self, o: Options) -> Equation:
        over = " / ⟨z^(i), φ(q_t)⟩" if o["normalizer"] else ""
        return Equation(f"M^(i)(q_t) = M^(i) {self._mapped(o, 'q_t')}{over}", "2")

    def loss(self, o: Options) -> Equation:
        # the normaliser is no part of it
        said = f"M {self._mapped(o, 'k_t')}"
        return Equation(f"ℓ(M; k_t, v_t) = {LOSSES[self.inner].format(said=said)}", "12")

    def _mapped(self, o: Options, x: str) -> str:
        return f"φ({x})" if o["feature_map"] == "elu" else x


SHEET = Linear()
