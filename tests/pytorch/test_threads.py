"""Threads are bounded where it is asked for, and nowhere else."""

import pytest
import torch

from mcviz.pytorch import threads


def test_threads_are_bounded_inside_and_as_before_outside():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threads.limited(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError), threads.limited(1):
            raise ZeroDivisionError
        assert torch.get_num_threads() == 2
        with threads.limited(None):
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
