"""What needs no PyTorch runs where none is, and what needs it says so."""

import subprocess
import sys

import pytest

from tests.absent import ROOT, environment

TORCH = ("torch", "safetensors", "joblib", "tqdm")
"""What the extra 'torch' alone brings."""

MODELS = """
import numpy as np
from mcviz import cli, film, watch, writing, zoo

assert len(zoo.names()) > len(watch.names()) > 10, zoo.names()
for name in zoo.names():
    model = zoo.load(name, backend="numpy")
    card = model.card
    again = zoo.answers(model, card.task, card.answers.seed)
    assert again.sequence == card.answers.sequence and again.tokens == card.answers.tokens, name
    np.testing.assert_allclose(again.probabilities, card.answers.probabilities, rtol=0, atol=1e-4, err_msg=name)
for name in watch.names():
    trace = watch.run(watch.Sitting(name))
    assert trace.predictions.targets and trace.alone.words and trace.sources and "in NumPy" in trace.title, name
draft = writing.Draft("stories-grm", "Mia Fox has a hat. The hat is ", 8)
assert writing.continuation(draft) and writing.run(draft).T == 38
for name in film.names():
    assert film.load(name).frames[-1].trace.predictions.targets, name
for given in (lambda: zoo.load("mqar-ssc"), lambda: watch.run(watch.Sitting("mqar-ssc"), "pytorch")):
    try:
        given()
    except ValueError as error:
        assert "backend: expected numpy, as PyTorch" in str(error), error
    else:
        raise AssertionError("it ran")
"""

PAGES = """
from pathlib import Path
from streamlit.testing.v1 import AppTest
from tests import components

components.looked_for_once()
APP = Path("app").resolve()
opened = []
for view in sorted(path.stem for path in (APP / "views").glob("*.py") if path.stem != "__init__"):
    page = AppTest.from_string(
        f"import streamlit as st\\nfrom app import screen\\nfrom app.views import {view}\\n"
        f"screen.begin()\\n{view}.page()\\nscreen.end()\\n", default_timeout=180)
    page.query_params["run"] = "mqar-ssc"
    page.run()
    assert not page.exception and not page.error, (view, page.exception, page.error)
    opened.append(view)
    if view == "cost":
        next(button for button in page.button if "easure" in button.label).click().run()
        assert not page.exception and "PyTorch" in page.error[0].value, page.error
    if view == "write":
        next(button for button in page.button if button.label == "Step").click().run()
        assert not page.exception and not page.error and "has a hat" in " ".join(part.value for part in page.markdown)
    if view == "explore":
        page.query_params["backend"] = "pytorch"
        again = AppTest.from_file(str(APP / "main.py"), default_timeout=180)
        again.query_params["backend"] = "pytorch"
        again.run()
        said = " ".join(part.value for part in [*again.warning, *again.error, *again.markdown, *again.info])
        assert not again.exception and "as PyTorch" in said, said[:300]
print(*opened)
"""


def run(script, folder):
    """Run a script where there is no PyTorch; what it says if it fails."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(folder, *TORCH))
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_every_model_of_the_zoo_answers_as_its_card_says(tmp_path):
    run(MODELS, tmp_path)


def test_every_page_opens(tmp_path):
    pytest.importorskip("streamlit")
    assert run(PAGES, tmp_path).split() == sorted(path.stem for path in (ROOT / "app" / "views").glob("[a-z]*.py"))
