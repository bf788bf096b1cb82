"""Films without a training: a model that ships, on the way to it from its untrained weights."""

from functools import cache

import numpy as np

from mcviz import zoo
from mcviz.film import Film, Scene
from mcviz.film.codes import coded
from mcviz.model import parameters
from mcviz.zoo import Measure

TOTAL = 800
ACCURACY = (0.05, 0.1, 0.7, 0.95)


@cache
def film(name: str = "topics-ssc", frames: int = 4) -> Film:
    """So many frames, evenly from the untrained weights to those of the model; what was measured is made up."""
    card, trained = zoo.read(name)
    untrained = parameters(card.model)
    made = Film(Scene.drawn(card.task, card.model), {"steps": TOTAL, "seed": 0, "recipe": {"learning_rate": 0.005}})
    for n, part in enumerate(np.linspace(0, 1, frames)):
        weights = {key: (1 - part) * untrained[key] + part * trained[key] for key in trained}
        right = ACCURACY[n % len(ACCURACY)]
        measured = {
            "accuracy": Measure(right, right - 0.04, right + 0.04),
            "bits": Measure(5 - n, 4 - n, 6 - n),
            **({} if card.model.mixer.aggregator == "none" else {"entropy": Measure(1.5, 1.4, 1.6)}),
        }
        made = made.extended(round(TOTAL * part), coded(weights, card.model), measured, None if not n else 0.5)
    return made
