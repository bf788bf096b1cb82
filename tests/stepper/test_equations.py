import inspect
from pathlib import Path

import pytest

from mcviz.stepper.equations import equations
from tests.stepper.test_payload import CONFIGS, NAMES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("cfg", CONFIGS, ids=NAMES)
def test_equations_point_at_the_reference(cfg):
    for kind, equation in equations(cfg).items():
        file, rest = equation["source"].split(", line ")
        line, name = rest.split(": ")
        lines = (ROOT / file).read_text().splitlines()
        block = inspect.getblock([text + "\n" for text in lines[int(line) - 1 :]])
        assert f"def {name.rsplit('.')[-1]}(" in "".join(block[:4]), (kind, equation)
        numbers = [n for n in equation["number"].split(", ") if n]
        beside = "\n".join(lines[max(0, int(line) - 25) : int(line) + len(block)])
        assert equation["formula"]
        for number in numbers:
            assert number in beside, f"{kind}: {file} does not mention equation {number} near line {line}"
