"""The process of one training: started, closed, gone."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from mcviz.studio.places import Places

LAST_WORDS = 300
DONE, PAUSED, FULL = 0, 3, 4
"""The exit status of a training that is done, of one that can go on, and of one that can once the disk has room."""


class Process:
    """`python -m mcviz.studio FOLDER`, one thread.

    It does not stand back behind others: whoever looks on draws in bursts on all cores, and a training that gave way to
    each of them would stand still. The desk leaves a core to those who serve pages.
    """

    def __init__(self, folder: Path) -> None:
        """Raises `OSError` if it cannot be started."""
        self.places = Places(folder)
        one = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
        with self.places.log.open("wb") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "mcviz.studio", str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, **one, "PYTHONPATH": path},
            )

    @property
    def ended(self) -> int | None:
        """Its exit status; None while it runs."""
        return self.child.poll()

    def close(self) -> None:
        """Ask it to save and to stop; it does so after its step."""
        assert self.child.stdin is not None
        with suppress(OSError):
            self.child.stdin.close()

    def kill(self) -> None:
        """End it now. What it saved last stays."""
        self.close()
        self.child.kill()
        self.child.wait()

    @property
    def said(self) -> str:
        """Its last words; "" where it left none, or somebody has cleared them away."""
        try:
            lines = self.places.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1][:LAST_WORDS] if lines else ""
