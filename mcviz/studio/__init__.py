"""Where readers train: an order in, a film that grows out. Each training is a process of its own.

    Order -> Desk (a line, and bounds) -> `python -m mcviz.studio FOLDER` -> run.film, a model and its card

Nothing here needs PyTorch but the process that trains.
"""

from mcviz.studio.desk import Desk, State
from mcviz.studio.live import Live

__all__ = ["Desk", "Live", "State"]
