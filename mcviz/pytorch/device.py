"""The device that is asked for."""

from textwrap import shorten

import torch


def usable(device: str | torch.device) -> torch.device:
    """`device`, if torch can compute on it here. Raises `ValueError` otherwise."""
    try:
        tried = torch.empty(0, device=device)
        tried.cpu()  # from "meta", nothing can be read
        return tried.device
    except (RuntimeError, AssertionError) as error:
        reason = shorten(str(error).partition("\n")[0], 80, placeholder=" …")
        raise ValueError(
            f"device: expected one that torch can use here, such as cpu; got {str(device)!r} ({reason})"
        ) from None
