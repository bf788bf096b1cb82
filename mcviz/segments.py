"""Where a sequence is cut: a segment is a half-open range of tokens, `(start, stop)`.

The cuts are integers only and depend on nothing but the length of the sequence (paper, section 4.2).
"""

from collections.abc import Sequence

from mcviz.checks import whole

Segments = list[tuple[int, int]]


def constant(T: int, length: int) -> Segments:
    """Cut `T` tokens into segments of `length` tokens; the last one may be shorter.

    >>> constant(37, 16)
    [(0, 16), (16, 32), (32, 37)]
    """
    T, length = _tokens("T", T), _tokens("segment_length", length)
    return [(start, min(start + length, T)) for start in range(0, T, length)]


def logarithmic(T: int) -> Segments:
    """Cut `T` tokens at the powers of two of its binary expansion, the largest first (paper, figure 3).

    >>> logarithmic(37)
    [(0, 32), (32, 36), (36, 37)]
    """
    T = _tokens("T", T)
    powers = [1 << bit for bit in reversed(range(T.bit_length())) if T >> bit & 1]
    return explicit(T, powers)


def explicit(T: int, lengths: Sequence[int]) -> Segments:
    """Cut `T` tokens into segments of the given lengths.

    >>> explicit(37, (32, 4, 1))
    [(0, 32), (32, 36), (36, 37)]
    """
    T, lengths = _tokens("T", T), [_tokens("segmentation", length) for length in lengths]
    if sum(lengths) != T:
        raise ValueError(f"segmentation: expected lengths that sum to T = {T}, got {len(lengths)}, sum {sum(lengths)}")
    segments, start = [], 0
    for length in lengths:
        segments.append((start, start + length))
        start += length
    return segments


def cut(T: int, segmentation: str | Sequence[int], segment_length: int) -> Segments:
    """The segments of `T` tokens under a configuration's `segmentation` and `segment_length`.

    >>> cut(5, "constant", 2) == cut(5, (2, 2, 1), 16)
    True
    """
    if segmentation == "constant":
        return constant(T, segment_length)
    if segmentation == "logarithmic":
        return logarithmic(T)
    if isinstance(segmentation, Sequence) and not isinstance(segmentation, str):
        return explicit(T, segmentation)
    raise ValueError(f"segmentation: expected 'constant', 'logarithmic' or lengths, got {segmentation!r}")


def _tokens(name: str, value: object) -> int:
    return whole(name, value, of="tokens")
