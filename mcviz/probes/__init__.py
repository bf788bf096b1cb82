"""What can be asked of a run: what each memory still holds, what an edit changes, what another choice had cost."""

from mcviz.probes import fading, interference, oracle, surgery

__all__ = ["fading", "interference", "oracle", "surgery"]
