"""Decoding: Memory Caching one token at a time, for inference, at the cost that the formulas promise.

`loop.Stream` says what is computed. Here checkpoints lie in buffers that grow, and of those that the router does not
select nothing but their contexts is touched: a token costs the same wherever it stands, with aggregators `none` and
`ssc`, and grows with the number of checkpoints with the others.
"""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from mcviz import segments
from mcviz.config import GATED, MCConfig
from mcviz.initial import check_coefficients, readable
from mcviz.pytorch import kinds, memory
from mcviz.pytorch.carried import Carried, check, check_constant, check_writer, copied, of_run, shapes
from mcviz.pytorch.inputs import first
from mcviz.rules import AGGREGATORS


class Buffer:
    """Rows of heads, kept one after the other. It doubles when it is full, so that a row costs little on average."""

    def __init__(self) -> None:
        self.n = 0
        self.rows: Tensor | None = None

    def append(self, row: Shaped[Tensor, "B H *row"]) -> None:
        """Keep a copy of `row`."""
        if self.rows is None:
            self.rows = row.new_empty(*row.shape[:2], 8, *row.shape[2:])
        elif self.n == self.rows.shape[2]:
            self.rows = torch.cat([self.rows, row.new_empty(*row.shape[:2], max(8, self.n), *row.shape[2:])], 2)
        self.rows[:, :, self.n] = row
        self.n += 1

    def extend(self, rows: Shaped[Tensor, "B H n *row"]) -> None:
        """Keep a copy of more rows."""
        for row in rows.unbind(2):
            self.append(row)

    def drop(self, at: int) -> None:
        """Forget the oldest row, 0, or the latest, -1."""
        self.n -= 1
        if self.rows is not None and at == 0:
            self.rows = self.rows[:, :, 1:]

    def all(self) -> Shaped[Tensor, "B H n *row"]:
        """Every row that was kept, oldest first."""
        assert self.rows is not None
        return self.rows[:, :, : self.n]

    def some(self, index: Int[Tensor, "B H k"]) -> Shaped[Tensor, "B H k *row"]:
        """The rows at `index`, and no others."""
        assert self.rows is not None
        B, H, capacity = self.rows.shape[:3]
        heads = torch.arange(0, B * H * capacity, capacity, device=index.device).view(B, H, 1)
        picked = self.rows.flatten(0, 2).index_select(0, (index + heads).flatten())
        return picked.view(*index.shape, *self.rows.shape[3:])


class Decoder:
    """A layer without weights that consumes one token of each sequence at a time. No gradients flow.

    `initial` is `M_0` as `memory_caching` takes it; with a `state` that it gave (or a layer), decoding goes on from
    there, with the state's own `M_0`. Constant segmentation needs no `length` and never ends; the
    others cut a sequence by its total length, and raise `ValueError` where it is not given.
    """

    def __init__(
        self, cfg: MCConfig, initial: Any = None, length: int | None = None, state: Carried | None = None
    ) -> None:
        if length is None and cfg.segmentation != "constant":
            raise ValueError(f"length: expected the number of tokens, which {cfg.segmentation!r} segmentation cuts by")
        self.cfg, self.rule, self.initial, self.length = cfg, memory.rule(cfg), initial, length
        cuts = [] if length is None else segments.cut(length, cfg.segmentation, cfg.segment_length)
        self.ends = [end for _, end in cuts]
        self.t = self.begin = self.end = 0
        self.keys: Any = 0.0
        self.constants: Any = None
        self.contexts, self.firsts = Buffer(), Buffer()
        self.checkpoints = {name: Buffer() for name in readable(cfg)}
        self.compares = cfg.compares
        self.routes = self.compares and AGGREGATORS[cfg.aggregator].routes
        # where a read is linear in the memory, to mix first and read once gives the same, with less to compute
        self.mixes = cfg.aggregator == "soup" or kinds.is_additive(cfg)
        self.start: Any = None
        self.form: list[Any] | None = None
        self.state: Carried | None = None
        if state is not None:
            check_constant(cfg)
            check_writer(of_run(state), cfg)
            if length is not None and length < state.tokens:
                raise ValueError(f"length: expected the {state.tokens} tokens of the state or more, got {length}")
            self.state = state.detach()

    def resume(self, state: Carried) -> None:
        """Go on from a state."""
        opened = state.tokens % self.cfg.segment_length
        self.t, self.begin = state.tokens, state.tokens - opened
        self.end = self.following(self.begin) if opened else self.t
        self.start, self.online = (dict(state.part(name).tensors) for name in ("start", "online"))
        for name, kept in state.part("checkpoints").tensors.items():
            self.checkpoints[name].extend(kept.transpose(1, 2))
        if self.compares:
            self.keys = state.tensors["keys"]
            for context in state.tensors["contexts"].unbind(1):
                self.keep(context)

    @torch.no_grad()
    def step(
        self,
        q: Float[Tensor, "B H K"],
        k: Float[Tensor, "B H K"],
        v: Float[Tensor, "B H V"],
        u: Float[Tensor, "B H K"] | None = None,
        coefficients: Mapping[str, Any] | None = None,
    ) -> Float[Tensor, "B H V"]:
        """The output of the next token. Its coefficients are [B, H] each; the constants stand in for those left out.

        Raises `ValueError` past the `length`, for a token of other shapes than the one before, for a coefficient that
        the rule does not take, and for a state of another configuration or of other sequences. Values are not looked
        at.
        """
        self.takes(q, k, v, q if u is None else u)
        check_coefficients(self.cfg, coefficients, q.shape[-1])
        if self.start is None:
            self.start = self.online = copied(first(self.cfg, self.initial, q[:, None], v.shape[-1]))
        if self.constants is None:
            filled = check_coefficients(self.cfg, None, q.shape[-1])
            self.constants = {name: q.new_full(q.shape[:2], value) for name, value in filled.items()}
        if self.t == self.end:
            self.turn()
        self.online = self.rule.write(self.online, k, v, {**self.constants, **(coefficients or {})})
        self.t += 1
        context = None
        if self.compares:
            self.keys = k.clone() if self.t - self.begin == 1 else self.keys + k
            context = self.keys / (self.t - self.begin) if self.cfg.pooling == "mean" else self.keys
        if not self.n or self.cfg.aggregator == "none":
            y = self.rule.read(self.online, q)
            y = y.clone() if kinds.is_vector(self.cfg) else y  # what it reads is the memory itself
        else:
            y = self.answer(q, q if u is None or self.cfg.gate == "shared" else u, context)
        if self.t == self.end and self.cfg.aggregator != "none":
            for name, buffer in self.checkpoints.items():
                buffer.append(self.online[name])
            if context is not None:
                self.keep(context)
        return y

    def takes(self, *token: Tensor) -> None:
        """Raise `ValueError` for a token of other shapes or dtypes than the one before or the state, or none."""
        form = [(x.shape, x.dtype) for x in token]
        if form == self.form:
            return
        q, k, v, u = (x.shape for x in token)
        if self.form is not None or len(q) != 3 or not q == k == u or len(v) != 3 or v[:2] != q[:2]:
            found = ", ".join(f"{tuple(x.shape)} of {x.dtype}" for x in token)
            before = "" if self.form is None else ", as the token before"
            raise ValueError(f"step: expected q, k [B, H, K], v [B, H, V] and u [B, H, K]{before}, got {found}")
        if self.state is not None:
            (B, H, K), V = q, v[-1]
            self.resume(check(self.state, shapes(self.cfg, self.state.tokens, B, H, K, V), token[0]))
            self.state = None
        self.form = form

    def keep(self, context: Float[Tensor, "B H K"]) -> None:
        """Keep the context of a segment that has ended."""
        self.contexts.append(context)
        if self.routes:
            # the first checkpoint with the very same context
            self.firsts.append((self.contexts.all() == context[:, :, None]).all(-1).int().argmax(-1))

    @property
    def n(self) -> int:
        """How many checkpoints there are."""
        return next(iter(self.checkpoints.values())).n

    def turn(self) -> None:
        """Begin the next segment."""
        if self.length == self.t:
            raise ValueError(f"length: expected {self.length} tokens, got another one")
        self.begin = self.t
        self.end = self.following(self.t)
        if self.cfg.start == "independent":
            self.online = self.start

    def following(self, begin: int) -> int:
        """Where the segment ends that begins there."""
        return next((end for end in self.ends if end > begin), begin + self.cfg.segment_length)

    def answer(
        self, q: Float[Tensor, "B H K"], u: Float[Tensor, "B H K"], context: Float[Tensor, "B H K"] | None
    ) -> Float[Tensor, "B H V"]:
        """What all memories say, of which at least one is a checkpoint."""
        scores = self.scores(u, context)
        if self.cfg.aggregator == "ssc" and self.cfg.top_k < self.n:
            index = largest(scores[..., :-1], self.cfg.top_k)
            scores = torch.cat([scores.gather(-1, index), scores[..., -1:]], -1)
            cached = {name: buffer.some(index) for name, buffer in self.checkpoints.items()}
        else:
            cached = {name: buffer.all() for name, buffer in self.checkpoints.items()}
        weights = self.weights(scores)
        past, own = weights[..., :-1], weights[..., -1]
        if self.mixes:
            mixed = {}
            for name, states in cached.items():
                online = self.online[name]
                # θ*_t = Σ_i γ_t^(i) θ^(i)                                  (14)
                old = (past[..., None, :] @ states.flatten(3)).view_as(online)
                mixed[name] = torch.addcmul(old, memory.column(own, online.ndim - 2), online)
            return self.rule.read(mixed, q)
        # y_t = Σ_i γ_t^(i) M^(i)(q_t)                                     (6, 8, 17)
        reads = self.rule.read(cached, q[..., None, :])
        return own[..., None] * self.rule.read(self.online, q) + (past[..., None] * reads).sum(-2)

    def scores(
        self, u: Float[Tensor, "B H K"], context: Float[Tensor, "B H K"] | None
    ) -> Float[Tensor, "B H memories"]:
        """`r_t^(i)` of every checkpoint and, last, of the online memory (Eq. 9, 16)."""
        if context is not None:
            past = (self.contexts.all() @ u[..., None])[..., 0]
            # equal contexts score alike, as a product of matrices may not round them
            past = past.gather(-1, self.firsts.all()) if self.routes else past
            return torch.cat([past, (u * context).sum(-1, keepdim=True)], -1)
        if self.cfg.aggregator not in GATED:
            return u.new_zeros(*u.shape[:2], self.n + 1)
        return u[..., torch.arange(self.n, -1, -1, device=u.device) % u.shape[-1]]

    def weights(self, scores: Float[Tensor, "B H n"]) -> Float[Tensor, "B H n"]:
        """`γ_t^(i)` of the memories that are read (Eq. 6, 9, 17)."""
        if self.cfg.aggregator in GATED:
            return torch.softmax(scores, -1)
        return torch.full_like(scores, {"residual": 1, "average": 1 / scores.shape[-1]}[self.cfg.aggregator])


def largest(scores: Float[Tensor, "B H n"], k: int) -> Int[Tensor, "B H k"]:
    """The places of the k largest scores, the lowest first among equals."""
    return torch.argsort(scores, dim=-1, descending=True, stable=True)[..., :k]
