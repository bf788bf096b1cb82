"""Exercises that check themselves: each shows its task as a card, and says what is wrong with an answer.

>>> import numpy as np
>>> from mcviz import exercises
>>> exercises.write
Exercise ★☆☆ 3 min: Write a pair into a matrix. Hints: .hint(1) to .hint(2)
>>> exercises.write.check(lambda M, k, v: M + np.outer(v, k))
✓ Write a pair into a matrix: Right on every case that was tried.
>>> print(exercises.write.check(lambda M, k, v: np.outer(v, k)).says)
This keeps the latest pair alone: what M held before is gone. The rule adds to M.
"""

from collections.abc import Mapping

from mcviz.course.exercises import detective
from mcviz.course.exercises.caching import BINARY_CUTS as binary_cuts
from mcviz.course.exercises.caching import CHECKPOINTS as checkpoints
from mcviz.course.exercises.caching import CUTS as cuts
from mcviz.course.exercises.equivalence import ATTENTION as attention
from mcviz.course.exercises.equivalence import BREAK_EVEN as break_even
from mcviz.course.exercises.evidence import PAIRED_INTERVAL as paired_interval
from mcviz.course.exercises.exercise import Exercise, Slip
from mcviz.course.exercises.fitting import FIT as fit
from mcviz.course.exercises.forgetting import DELTA_WRITE as delta_write
from mcviz.course.exercises.forgetting import INTERFERENCE as interference
from mcviz.course.exercises.forgetting import WRITE as write
from mcviz.course.exercises.gating import GATE as gate
from mcviz.course.exercises.gating import GRM as grm
from mcviz.course.exercises.gating import RUNNING_CONTEXTS as running_contexts
from mcviz.course.exercises.learning import GRADIENTS as gradients
from mcviz.course.exercises.learning import SOUP as soup
from mcviz.course.exercises.learning import TITANS_WRITE as titans_write
from mcviz.course.exercises.mutation import GATES_ARE_SHARES as gates_are_shares
from mcviz.course.exercises.mutation import HOLDS_ITS_SEGMENT as holds_its_segment
from mcviz.course.exercises.mutation import IS_CAUSAL as is_causal
from mcviz.course.exercises.mutation import suite
from mcviz.course.exercises.record import collect, hand_in
from mcviz.course.exercises.routing import FRUGAL_READ as frugal_read
from mcviz.course.exercises.routing import HIT_RATE as hit_rate
from mcviz.course.exercises.routing import SELECT as select
from mcviz.course.exercises.routing import SPARSE_GATE as sparse_gate
from mcviz.course.exercises.routing import Cache
from mcviz.course.exercises.speed import CHUNKED as chunked
from mcviz.course.exercises.speed import MASKED as masked
from mcviz.course.exercises.verdict import Unsolved, Verdict

_COURSE = (
    *(write, interference, delta_write),
    *(cuts, binary_cuts, checkpoints),
    *(running_contexts, gate, grm),
    *(select, sparse_gate, frugal_read, hit_rate),
    *(titans_write, gradients, soup),
    *(attention, break_even),
    *(masked, chunked, fit),
    paired_interval,
    *(is_causal, gates_are_shares, holds_its_segment),
)
ALL: Mapping[str, Exercise] = {exercise.name: exercise for exercise in _COURSE}
"""The exercises by the name of the function to write, in the order of the course."""

__all__ = ["ALL", "Cache", "Exercise", "Slip", "Unsolved", "Verdict", "collect", "detective", "hand_in", "suite", *ALL]
