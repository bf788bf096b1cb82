"""What can be asked of a run: what each memory still holds, what an edit changes, what another choice had cost."""

from mcviz.probes import edits, fading, interference, oracle, surgery

__all__ = ["edits", "fading", "interference", "oracle", "surgery"]
