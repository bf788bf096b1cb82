"""Where readers train: an order in, a film that grows out. Each training is a process of its own.

    Order -> Desk (a queue, and bounds) -> `python -m mcviz.studio FOLDER` -> run.film, a model and its card

Nothing here needs PyTorch but the process that trains.
"""

from mcviz.studio.desk import Desk, State
from mcviz.studio.order import AGGREGATORS, RATES, TASKS, Order

__all__ = ["AGGREGATORS", "RATES", "TASKS", "Desk", "Order", "State"]
