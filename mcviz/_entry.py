"""What `mcviz` starts looks for modules where they were installed: a reader's `random.py` is no library.

Python puts the folder where it is started on the path, before any of our lines runs: for `python -m mcviz`, and for
`PYTHONPATH=.`. So this module is the first that `mcviz` imports, and it needs nothing but what Python has loaded by
then. Where `mcviz` itself lies in that folder, it stays.
"""

import os
import sys

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def started(program: str, words: list[str]) -> bool:
    """Whether Python runs the command `mcviz`, or `-m mcviz` or a module in it: `words` are all of its command line."""
    # while Python looks for the module to run, the name of the program is "-m"
    if program == "-m":
        return any(word.removeprefix("-m").partition(".")[0] == "mcviz" for word in words)
    return os.path.basename(program) in ("mcviz", "mcviz.exe")


def elsewhere(folders: list[str], here: str) -> list[str]:
    """`folders` without the folder `here`, however it is written."""
    return [folder for folder in folders if os.path.realpath(folder) != here]


if started("".join(sys.argv[:1]), sys.orig_argv) and (here := os.path.realpath(os.getcwd())) != os.path.realpath(OURS):
    # what stands before the standard library comes from `-m` and from PYTHONPATH
    library = os.path.dirname(os.__file__)
    end = sys.path.index(library) if library in sys.path else 0
    sys.path[:end] = elsewhere(sys.path[:end], here)
    if "PYTHONPATH" in os.environ:  # of the processes that start from here
        os.environ["PYTHONPATH"] = os.pathsep.join(elsewhere(os.environ["PYTHONPATH"].split(os.pathsep), here))
