"""Training of small models on the tasks: one run, sweeps over many, and the measurements made on them."""

from mcviz.rows import read
from mcviz.training.evaluation import evaluate
from mcviz.training.loop import Run, train
from mcviz.training.plans import Plan, plan
from mcviz.training.recipe import Recipe
from mcviz.training.shell import add_arguments, command
from mcviz.training.sweeps import summary, sweep

__all__ = ["Plan", "Recipe", "Run", "add_arguments", "command", "evaluate", "plan", "read", "summary", "sweep", "train"]
