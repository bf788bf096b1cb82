"""A film of a training: the model's weights at chosen steps, and through them all that it computed then.

It is written while a model is trained (`mcviz.training.train(…, film=path)`), and read without PyTorch.
"""

from mcviz.film.curve import Curve
from mcviz.film.film import Film
from mcviz.film.frame import Frame, Scene
from mcviz.film.jumps import Jump
from mcviz.film.reel import FILMS, load, names
from mcviz.film.stored import is_film

__all__ = ["FILMS", "Curve", "Film", "Frame", "Jump", "Scene", "is_film", "load", "names"]
