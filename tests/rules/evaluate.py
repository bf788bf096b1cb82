"""Read the formulas that are shown, and compute with them: a second opinion that knows no rule.

A formula is parsed into a function of a `World`, which says what its names stand for at one token of one head.
Vectors are columns [n, 1], so that every product that stands side by side is a product of matrices or numbers.
"""

import re
from copy import copy
from functools import cache

import numpy as np

from mcviz.rules import sheet

NAME = r"[^\W\d_]+\d?\*?"
TOKEN = re.compile(rf"(?P<name>{NAME})(?P<sub>_\{{[^}}]*\}}|_\w)?(?P<sup>\^\(\w\))?|(?P<number>\d+)|(?P<sign>\^T|²|\S)")
FUNCTIONS = {
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "σ": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "norm": lambda x: (x - x.mean()) / np.sqrt(((x - x.mean()) ** 2).mean() + 1e-6),
    "exp": np.exp,
}


class Weights(dict):
    """Arrays of one memory, which are added and scaled together."""

    def __add__(self, other):
        return Weights({name: self[name] + other[name] for name in other})

    def __mul__(self, number):
        return Weights({name: array * number for name, array in self.items()})


def times(a, b):
    """Two things that stand side by side."""
    if isinstance(a, Weights) or isinstance(b, Weights):
        return a * b if isinstance(a, Weights) else b * a
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    return a @ b


class Parser:
    """`Parser(text).expression()` is a function of a world and of what its bound letters stand for."""

    def __init__(self, text):
        self.text, self.tokens, at = text, [], 0
        while at < len(text):
            space = len(text[at:]) - len(text[at:].lstrip())
            match = TOKEN.match(text, at + space)
            self.tokens.append((match, space > 0))
            at = match.end()

    def peek(self, ahead=0):
        return self.tokens[ahead][0].group() if len(self.tokens) > ahead else ""

    def attached(self):
        """Whether the next token follows without a space."""
        return bool(self.tokens) and not self.tokens[0][1]

    def take(self, wanted=None):
        match, _ = self.tokens.pop(0)
        assert wanted is None or match.group() == wanted, f"{self.text}: expected {wanted}, got {match.group()}"
        return match

    def expression(self):
        negative = self.peek() == "−"
        if negative:
            self.take()
        first = self.term()
        parts = [(-1 if negative else 1, first)]
        while self.peek() in ("+", "−"):
            sign = 1 if self.take().group() == "+" else -1
            parts.append((sign, self.term()))
        if len(parts) == 1 and not negative:
            return first

        def total(world, bound):
            values = [times(part(world, bound), sign) for sign, part in parts]
            return sum(values[1:], start=values[0])

        return total

    def term(self):
        top = self.product()
        if self.peek() != "/":
            return top
        self.take()
        below = self.product()
        return lambda world, bound: top(world, bound) / number(below(world, bound))

    def product(self):
        factors = [self.factor()]
        while self.tokens and self.peek() not in (*"+−/,;)⟩]<", "mod") and (self.peek(), self.peek(1)) != ("|", "²"):
            factors.append(self.factor())
        if self.peek() == "mod":
            self.take()
            modulus = self.factor()
            assert len(factors) == 1
            return lambda world, bound: factors[0](world, bound) % modulus(world, bound)

        def value(world, bound):
            values = [factor(world, bound) for factor in factors]
            result = values[0]
            for each in values[1:]:
                result = times(result, each)
            return result

        return value

    def factor(self):
        value = self.atom()
        while self.peek() == "^T":
            self.take()
            inner = value
            value = lambda world, bound, inner=inner: inner(world, bound).T  # noqa: E731
        return value

    def group(self, left, right):
        self.take(left)
        parts = [self.expression()]
        while self.peek() in (",", ";"):
            self.take()
            parts.append(self.expression())
        self.take(right)
        return parts

    def atom(self):
        sign = self.peek()
        if sign == "(":
            (inner,) = self.group("(", ")")
            return inner
        if sign == "⟨":
            a, b = self.group("⟨", "⟩")
            return lambda world, bound: (a(world, bound) * b(world, bound)).sum()
        if sign == "|":
            (inner,) = self.group("|", "|")
            self.take("²")
            return lambda world, bound: (inner(world, bound) ** 2).sum()
        match = self.take()
        if match["number"]:
            return lambda world, bound: int(match["number"])
        if sign == "½":
            return lambda world, bound: 0.5
        if sign == "∇":
            return self.gradient()
        name, sub, sup = match["name"], (match["sub"] or "").strip("_{}"), (match["sup"] or "")[2:-1]
        if name in ("Σ", "mean"):
            return self.over(name, sub)
        if name == "top":
            return self.top(int(sub))
        if name == "exp":
            inner = self.factor()
            return lambda world, bound: np.exp(inner(world, bound))
        if self.attached() and self.peek() == "(":
            return self.call(name, sub, sup)
        if self.attached() and self.peek() == "[":
            (place,) = self.group("[", "]")
            return lambda world, bound: world.look(name, sub, sup, bound)[place(world, bound), 0]
        return lambda world, bound: world.look(name, sub, sup, bound)

    def call(self, name, sub, sup):
        arguments = self.group("(", ")")

        def value(world, bound):
            values = [argument(world, bound) for argument in arguments]
            if name in FUNCTIONS:
                return FUNCTIONS[name](values[0])
            return world.call(name, sub, sup, bound, values)

        return value

    def gradient(self):
        """`∇ℓ(M; k, v)` by complex steps, one for each number of the memory."""
        self.take("ℓ")
        memory, *pair = self.group("(", ")")

        def value(world, bound):
            weights, (k, v) = memory(world, bound), (each(world, bound) for each in pair)
            found = Weights({name: np.zeros(array.shape) for name, array in weights.items()})
            for name, array in weights.items():
                for place in np.ndindex(array.shape):
                    moved = {each: part.astype(complex) for each, part in weights.items()}
                    moved[name][place] += 1e-30j
                    found[name][place] = world.loss(Weights(moved), k, v).imag / 1e-30
            return found

        return value

    def over(self, name, range_):
        """A sum or a mean of what follows."""
        inner = self.product()

        def value(world, bound):
            letter, values = world.range(range_, bound)
            terms = [inner(world, {**bound, letter: each}) for each in values]
            total = sum(terms[1:], start=terms[0]) if terms else 0.0
            return total if name == "Σ" else total / len(terms)

        return value

    def top(self, k):
        self.take("(")
        inner = self.expression()
        self.take(",")
        letter = self.take().group()
        self.take("<")
        below = self.expression()
        self.take(")")

        def value(world, bound):
            scores = [number(inner(world, {**bound, letter: i})) for i in range(below(world, bound))]
            return set(sorted(range(len(scores)), key=lambda i: -scores[i])[:k])

        return value


def number(value):
    return value.item() if isinstance(value, np.ndarray) else value


@cache
def parsed(formula):
    """The right side of a formula as a function of a world and of bound letters."""
    _, right = formula.split(" = ", 1)
    parser = Parser(right)
    value = parser.expression()
    assert not parser.tokens, f"{formula}: {parser.peek()} is left over"
    return value


def evaluate(formula, world, **bound):
    """The right side of a formula in a world."""
    return parsed(formula)(world, bound)


class World:
    """What the names of a formula stand for at token `t` of head `h` of a Trace: the numbers that the page shows."""

    def __init__(self, trace, equations, t, h):
        self.trace, self.equations, self.t, self.h = trace, equations, t, h
        self.s = int(trace.segment_of[t])
        begin = trace.segments[self.s][0]
        if t > begin:
            self.before = trace.states(t - 1)
        else:
            carried = trace.config.start == "checkpoint" and self.s > 0
            self.before = trace.checkpoints[self.s - 1] if carried else trace.initial
        self.reach = begin if trace.config.start == "independent" else 0
        self.after = trace.states(t)
        self.scalars = {one.symbol: one.name for one in sheet(trace.config.memory).coefficients}
        self.asked = None  # the memory that a loss asks
        self.given = {}  # and the pair

    def arrays(self, state, kind="W"):
        """The arrays of a head's memory: all that a read needs, or the momentum that goes with it."""
        names = [name for name in state if (name[0] == "S") == (kind == "S") and name not in ("k", "v")]
        return Weights({name.replace("S", "W"): column(state[name][self.h]) for name in names})

    def memory(self, i):
        return self.arrays(self.after if i == self.s else self.trace.checkpoints[i])

    def look(self, name, sub, sup, bound):
        if name in self.given:
            return self.given[name]
        trace, t, h = self.trace, self.t, self.h
        i = self.s if sup == "s" else bound.get(sup)
        if name in ("q", "k", "v", "u"):
            array = getattr(trace, name)
            if sub in bound:
                return column(array[bound[sub], h])
            at = t - self.back(sub, bound)
            return column(array[at, h] if at >= self.reach else np.zeros_like(array[0, h]))
        if name in self.scalars:
            return float(trace.coefficients[self.scalars[name]][t, h])
        if name == "I":
            return np.eye(trace.K)
        if name in ("K", "s", "i", "j"):
            return {"K": trace.K, "s": self.s, **bound}[name]
        if name == "x":
            return bound["x"]
        if name == "c":
            return column(trace.contexts[t, h, i])
        if name == "r":
            return float(trace.scores[t, h, i])
        if name == "γ":
            return float(trace.weights[t, h, i])
        if name == "R":
            return set(np.flatnonzero(trace.selected[t, h]))
        if name == "θ":
            return self.memory(i)
        if name == "S":
            return self.arrays(self.after if sub == "t" else self.before, "S")
        if name in ("W1", "W2", "z", "m") and sup:
            return self.asked[name] if self.asked is not None else self.memory(i)[name]
        state = self.asked if self.asked is not None and not sub else None
        state = state or (self.memory(i) if sup else self.arrays(self.after if sub == "t" else self.before))
        if name == "M":
            return state.get("M", state)
        return state[name]

    def back(self, sub, bound):
        """How many tokens ago: `t` 0, `t−1` 1, `t−j` what j stands for."""
        ago = sub.removeprefix("t").removeprefix("−")
        return bound.get(ago, int(ago) if ago.isdigit() else 0)

    def call(self, name, sub, sup, bound, values):
        if name == "φ":
            return evaluate(self.equations["read"][-1].formula, self, x=values[0])
        if name == "skip":
            shared = min(self.trace.K, self.trace.V)
            return np.concatenate([values[0][:shared], np.zeros((self.trace.V - shared, 1))])
        if name == "S":
            return values[0]
        # what a memory says: the read's formula, for the memory and the question at hand
        asked = {"M*": lambda: self.mixed, "M": lambda: self.asked if not sup else None}[name]()
        return self.say(asked, self.s if sup == "s" else bound.get(sup), values[0])

    def say(self, memory, i, x):
        """What memory i, or the one given, says to x."""
        return evaluate(self.equations["read"][0].formula, self.asking(memory, {"q": x}), i=i)

    def loss(self, memory, k, v):
        """The loss's formula for another memory and pair."""
        return evaluate(self.equations["loss"][0].formula, self.asking(memory, {"k": k, "v": v}))

    def asking(self, memory, given):
        """The same place, where `memory` is asked and the names that are `given` stand for other things."""
        other = copy(self)
        other.asked, other.given = memory, given
        return other

    def range(self, text, bound):
        """What a letter under a sum runs over."""
        if window := re.fullmatch(r"0<j<(\d+)", text):
            return "j", range(1, int(window[1]))
        if text in ("i ≤ s", "j ≤ s"):
            return text[0], range(self.s + 1)
        if re.fullmatch(r"(\w) in R_t or \1 = s", text):
            return text[0], [*sorted(self.look("R", "t", "", bound)), self.s]
        assert text == "j in S(i)", text
        begin, stop = self.trace.segments[bound["i"]]
        return "j", range(begin, min(stop, self.t + 1))


def column(array):
    """A vector as a column; a matrix as it is."""
    return array[:, None] if np.ndim(array) == 1 else array
