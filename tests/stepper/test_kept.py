"""What is kept for all readers has a size."""

from mcviz.stepper.kept import Kept


class Cache:
    """One that says how often it was emptied."""

    emptied = 0

    def __call__(self):
        return None

    def clear(self):
        self.emptied += 1


def test_what_would_be_too_much_empties_all_that_share_the_room():
    kept, one, two = Kept(100), Cache(), Cache()
    assert kept.shared(one) is one
    kept.shared(two)
    assert [kept.keep(name, size) for name, size in (("a", 60), ("b", 40))] == ["a", "b"]
    assert (one.emptied, two.emptied) == (0, 0)
    kept.keep("c", 1)
    assert (one.emptied, two.emptied) == (1, 1)
    kept.keep("d", 99)
    assert one.emptied == 1
    kept.keep("larger than all", 1000)
    kept.keep("e", 1)
    assert one.emptied == 3
