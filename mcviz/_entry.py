"""`python -m mcviz` looks for modules in the folder where it is started, first: a reader's `random.py` is no library.

Python puts that folder on the path before any of our lines runs. So this module is the first that `mcviz` imports, and
it needs nothing but what Python has loaded by then. Where `mcviz` itself lies in that folder, it stays.
"""

import os
import sys

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def started(words: list[str]) -> bool:
    """Whether Python was started as `python -m mcviz` or as a module in it: `words` are all of its command line."""
    return any(word.removeprefix("-m").partition(".")[0] == "mcviz" for word in words)


# while Python looks for the module to run, the name of the program is "-m"
if sys.argv[:1] == ["-m"] and started(sys.orig_argv) and sys.path[0] == os.getcwd() != OURS:
    del sys.path[0]
