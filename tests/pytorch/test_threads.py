"""Threads are bounded where it is asked for, and nowhere else."""

import threading
from concurrent.futures import ThreadPoolExecutor

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


def in_a_thread(function):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


@pytest.mark.parametrize("n", [1, None])
def test_blocks_that_overlap_leave_nothing_behind(n):
    """One ends while another, which began inside it in a new thread, goes on."""
    began, end, before = threading.Event(), threading.Event(), torch.get_num_threads()

    def other():
        with threads.limited(n):
            inside = torch.get_num_threads()
            began.set()
            end.wait(120)
            return inside, torch.get_num_threads()

    torch.set_num_threads(2)
    try:
        with ThreadPoolExecutor(1) as pool:
            with threads.limited(1):
                running = pool.submit(other)
                assert began.wait(120)
            assert torch.get_num_threads() == 2
            assert in_a_thread(torch.get_num_threads) == 2
            with threads.limited(1):
                with threads.limited(1):
                    assert torch.get_num_threads() == 1
                assert torch.get_num_threads() == 1
            end.set()
            assert running.result() == ((1, 1) if n else (2, 2))
            assert pool.submit(torch.get_num_threads).result() == 2
        assert torch.get_num_threads() == 2
        assert in_a_thread(torch.get_num_threads) == 2
    finally:
        end.set()
        torch.set_num_threads(before)
