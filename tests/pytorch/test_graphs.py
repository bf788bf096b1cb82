"""Models and layers as graphs: exported, compiled, and without a break.

In a process by itself: graphs are traced through every call, so none of the checks of types and shapes that tests add
to calls may be there. One process for all, as it is torch's compiler that takes long to load.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

GRAPHS = """
import torch
from mcviz import MCConfig
from mcviz.pytorch import MemoryCaching, ModelConfig, SequenceModel

IDS = torch.randint(0, 20, (2, 5), generator=torch.Generator().manual_seed(0))


def assert_same_gradients(one, other, weights):
    expected, found = (torch.autograd.grad(y.square().sum(), weights) for y in (one, other))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def exported(mixer):
    model = SequenceModel(ModelConfig(20, mixer, width=8, key=4, value=4)).double()
    graph = torch.export.export(model, (IDS,), strict=False)
    torch.testing.assert_close(graph.module()(IDS + 0), model(IDS))
    torch.testing.assert_close(graph.module()(IDS.flip(1)), model(IDS.flip(1)))


def compiled(mixer):
    model = SequenceModel(ModelConfig(20, mixer, width=8, key=4, value=4))
    faster = torch.compile(model, backend="aot_eager")
    torch.testing.assert_close(faster(IDS.flip(1)), model(IDS.flip(1)))
    torch.testing.assert_close(faster(IDS), model(IDS))
    assert_same_gradients(model(IDS), faster(IDS), list(model.parameters()))


def in_one_graph(cfg, backend, lengths):
    layer = MemoryCaching(8, 2, cfg)
    faster = torch.compile(layer, backend=backend, fullgraph=True)
    for T in lengths:
        x = torch.randn(2, T, 8)
        torch.testing.assert_close(faster(x), layer(x))
        assert_same_gradients(layer(x), faster(x), list(layer.parameters()))


exported(None)
exported(MCConfig(segment_length=4))
exported(MCConfig(aggregator="ssc", segment_length=2, top_k=1, start="checkpoint"))
exported(MCConfig(memory="titans", aggregator="soup", segment_length=2))
compiled(MCConfig(memory="dla", segment_length=2))
in_one_graph(MCConfig(segment_length=4), "eager", (9, 14))
later = MCConfig(memory="delta", aggregator="ssc", segment_length=4, top_k=1, start="checkpoint")
in_one_graph(later, "aot_eager", (9,))
"""


def in_new_process(script):
    """Run a script by itself; what it says if it fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)


def test_models_are_exported_and_compiled_and_layers_are_one_graph():
    done = in_new_process(GRAPHS)
    assert done.returncode == 0, done.stderr
