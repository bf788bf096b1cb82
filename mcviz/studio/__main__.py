"""`python -m mcviz.studio FOLDER`: carry out the order in a folder, and leave a film, a model and its card there.

It stops, with all saved, at the end of its input: whoever started it has closed it, or is no more.
"""

import os
import sys
import threading
import time
from pathlib import Path

from mcviz import files
from mcviz.order import Order
from mcviz.studio import now
from mcviz.studio.places import Places
from mcviz.studio.process import DONE, FULL, PAUSED

MOMENT = 0.35
"""Seconds from one look at the weights to the next: fewer than pass on the page, where each look then sees new ones."""


def main(folder: Path) -> int:
    """Carry out the order there until it is done, or the input ends."""
    closed = threading.Event()
    threading.Thread(target=listen, args=(closed,), daemon=True).start()
    return carry_out(Places(folder), closed)


def carry_out(places: Places, closed: threading.Event) -> int:
    """Train, measure, save. `DONE`; `PAUSED` if it was closed before, `FULL` if the disk is: what was saved last is
    there, and goes on. 2 with a message if something was wrong."""
    # only whoever trains needs PyTorch
    from mcviz.training.loop import Run, train
    from mcviz.training.plans import plan
    from mcviz.training.shell import carded

    looked = 0.0

    def go_on(run: Run) -> bool:
        nonlocal looked
        if time.monotonic() - looked > MOMENT:
            looked = time.monotonic()
            now.write(places.now, run.step, {name: w.detach().numpy() for name, w in run.model.state_dict().items()})
        return not closed.is_set()

    try:
        order = Order.from_json(places.order.read_text(encoding="utf-8"))
        planned = plan(order.task, order.aggregator, order.seed, **order.settings)
        run = train(**vars(planned), checkpoint=places.checkpoint, film=places.film, progress=False, go_on=go_on)
        if not run.stopped:
            return PAUSED
        carded(order.name, order.about, planned, run, order.command, places.folder)
    except files.NoRoom as error:
        print(error, file=sys.stderr)
        return FULL
    except (ValueError, FloatingPointError) as error:
        print(error, file=sys.stderr)
        return 2
    return DONE


def listen(closed: threading.Event) -> None:
    """Wait for the end of the input. Unbuffered: an interpreter that ends waits for no thread that reads."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    closed.set()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
