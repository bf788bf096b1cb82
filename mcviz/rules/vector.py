"""One vector that sums what is written: there is no key to look up by."""

from mcviz.rules.equation import Equation
from mcviz.rules.sheet import Options, Shapes, Sheet


class Vector(Sheet):
    """A sum of values, the same answer to every query."""

    name, place = "vector", 8
    title, short = "One vector, no keys", "vector"
    source = "paper, Eq. 18-20"
    kind = "vector"

    def state(self, o: Options, K: int, V: int) -> Shapes:
        return {"m": (V,)}

    def readable(self, o: Options) -> tuple[str, ...]:
        return ("m",)

    def read_operations(self, o: Options, K: int, V: int) -> int:
        return 0

    def write_operations(self, o: Options, K: int, V: int) -> int:
        return V

    def write(self, o: Options) -> tuple[Equation, ...]:
        return (Equation("m_t = m_{t−1} + v_t", "18"),)

    def read(self, o: Options) -> Equation:
        return Equation("M^(i)(q_t) = m^(i)", "18")


SHEET = Vector()
