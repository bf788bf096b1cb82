"""Whether the router's choice was right, in sentences."""

import numpy as np
from jaxtyping import Int

from mcviz.checks import of_kinds
from mcviz.probes.oracle import Choice, Oracle

Array = np.ndarray
LEAST = 0.0005
"""Bits of regret that are worth a word: three digits show them."""


@of_kinds
def judged(oracle: Oracle, choice: Choice) -> str:
    """Two or three sentences on one question and on all of them."""
    word = f" “{oracle.trace.tokens[choice.t]}”" if oracle.trace.tokens else ""
    router, best = (named(choice.subsets[index]) for index in (choice.router, choice.best))
    lost = float(choice.losses[choice.router])
    took = f"the router took {router}" if oracle.routes else f"the largest gates are those of {router}, one"
    said = [
        f"At token {choice.t}{word} {took} of {len(choice.losses):,} possible selections: "
        f"{lost:.3f} bits to the answer."
    ]
    if choice.rank == 0:
        said.append("None is better.")
    elif choice.regret < LEAST:
        said.append(f"None is better by more than {LEAST:g}.")
    else:
        said.append(
            f"The best, {best}, would cost {choice.losses[choice.best]:.3f} bits: a regret of {choice.regret:.3f}."
        )
    mean = oracle.mean
    said.append(
        f"Over {len(oracle.choices)} questions: {oracle.chooser} {mean['router']:.3f} bits, best {mean['best']:.3f}, "
        f"a random selection {mean['random']:.3f}."
    )
    homes = [(one, int(oracle.trace.segment_of[one.source])) for one in oracle.choices if one.source >= 0]
    earlier = [(one, home) for one, home in homes if home < oracle.trace.segment_of[one.t]]
    if earlier:
        taken = sum(home in one.subsets[one.router] for one, home in earlier)
        who = "It took" if oracle.routes else "They are on"
        said.append(f"{who} the segment of the answer {taken} of {len(earlier)} times.")
    return " ".join(said)


def named(subset: Int[Array, "k"]) -> str:
    """A selection of checkpoints: `{0, 3}`."""
    return "{" + ", ".join(str(i) for i in subset) + "}"
