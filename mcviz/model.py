"""The shape of a whole model, and the weights that it starts to learn from: the same numbers in both backends."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from jaxtyping import Float

from mcviz import initial
from mcviz.checks import plain_fields, whole
from mcviz.config import MCConfig

Weights = dict[str, Float[np.ndarray, "..."]]

SOFTMAX, FENWICK = "softmax", "fenwick"
ATTENTIONS: Mapping[str, MCConfig] = {
    SOFTMAX: MCConfig(memory="linear", aggregator="none"),
    FENWICK: MCConfig(memory="linear", aggregator="grm", gate="token"),
}
"""Softmax attention, and log-linear attention, each with what its projections are made for."""


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a `SequenceModel`, and the seed of its weights. A bad value is a `ValueError`."""

    vocabulary: int  # tokens that can be said
    mixer: MCConfig | None  # a variant of Memory Caching, or None for attention
    width: int = 64  # features of a token
    layers: int = 1
    heads: int = 1
    key: int = 24  # size of a head's keys
    value: int = 8  # size of a head's values
    convolution: int = 2  # tokens that q, k, v and u see of the latest; 1 is the token alone
    mlp: int = 0  # hidden width of the block's MLP, in units of `width`; 0 is no MLP
    seed: int = 0
    window: int = 0  # of attention: the latest tokens that each reads, itself among them; 0 is all
    stride: int = 1  # of attention: of them, it reads each last of so many, and itself
    attention: str = SOFTMAX  # one of ATTENTIONS, where there is no mixer

    def __post_init__(self) -> None:
        plain_fields(self)
        if self.mixer is not None and not isinstance(self.mixer, MCConfig):
            raise ValueError(f"mixer: expected an MCConfig, or None for attention, got {type(self.mixer).__name__}")
        for field in fields(self):
            if field.name not in ("mixer", "attention"):
                whole(field.name, getattr(self, field.name), 0 if field.name in ("mlp", "seed", "window") else 1)
        if self.attention not in list(ATTENTIONS) or (self.mixer is not None and self.attention != SOFTMAX):
            expected = SOFTMAX if self.mixer is not None else " or ".join(ATTENTIONS)
            raise ValueError(f"attention: expected {expected}, got {self.attention!r}")
        softmax = self.mixer is None and self.attention == SOFTMAX
        if not softmax and (self.window, self.stride) != (0, 1):
            said = "Memory Caching" if self.mixer is not None else "log-linear attention"
            raise ValueError(
                f"window, stride: expected 0 and 1 for {said}, which attends to no tokens, got {self.window} "
                f"and {self.stride}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain JSON values; `ModelConfig.from_dict` reads them back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.mixer is not None:  # as films, cards and checkpoints say it that know of no window
            del values["window"], values["stride"]
        if self.attention == SOFTMAX:  # as all of them do that know of no other
            del values["attention"]
        return {**values, "mixer": self.mixer and self.mixer.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ModelConfig":
        known = [field.name for field in fields(cls)]
        if not isinstance(values, Mapping) or not {"vocabulary", "mixer"} <= set(values) <= set(known):
            raise ValueError(
                f"model: expected a mapping with vocabulary, mixer, among {', '.join(known)}; got {values}"
            )
        mixer = values["mixer"]
        return cls(**{**values, "mixer": MCConfig.from_dict(mixer) if isinstance(mixer, Mapping) else mixer})

    @property
    def projected(self) -> MCConfig:
        """What the mixer's projections are made for: attention has those of a linear memory."""
        return self.mixer or ATTENTIONS[self.attention]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each weight of the model, by its name in `state_dict`. Nothing is drawn or allocated."""
        D, hidden = self.width, self.mlp * self.width
        mixer = initial.parameter_shapes(self.projected, D, self.heads, self.key, self.value, self.convolution)
        block: dict[str, tuple[int, ...]] = {"norm.weight": (D,), **{f"mixer.{name}": mixer[name] for name in mixer}}
        if self.mlp:
            block |= {"mlp_norm.weight": (D,), "mlp.0.weight": (hidden, D), "mlp.2.weight": (D, hidden)}
        ends = {"embedding.weight": (self.vocabulary, D), "norm.weight": (D,), "head.weight": (self.vocabulary, D)}
        return ends | {f"blocks.{i}.{name}": block[name] for i in range(self.layers) for name in block}


def parameters(config: ModelConfig) -> Weights:
    """The weights of a model before its first step of training, float64, drawn from `config.seed`.

    Names and shapes are those of `config.shapes()`.
    """
    drawn = ends(config)
    for i in range(config.layers):
        sizes = (config.width, config.heads, config.key, config.value, config.convolution)
        mixer = initial.parameters(config.projected, *sizes, seed=(config.seed, i + 1))
        drawn |= {f"blocks.{i}.mixer.{name}": array for name, array in mixer.items()}
        drawn |= {f"blocks.{i}.{name}": array for name, array in mlp(config, i).items()}
    return {name: drawn[name] if name in drawn else np.ones(shape) for name, shape in config.shapes().items()}


def ends(config: ModelConfig) -> Weights:
    """The embedding and the head."""
    rng = np.random.default_rng((config.seed, 0))
    shape = (config.vocabulary, config.width)
    embedding = rng.standard_normal(shape)
    return {"embedding.weight": embedding, "head.weight": initial.uniform(rng, shape, config.width)}


def mlp(config: ModelConfig, layer: int) -> Weights:
    """The matrices of a layer's MLP, if it has one."""
    if not config.mlp:
        return {}
    rng = np.random.default_rng((config.seed, layer + 1, 1))
    D, hidden = config.width, config.mlp * config.width
    up = initial.uniform(rng, (hidden, D), D)
    return {"mlp.0.weight": up, "mlp.2.weight": initial.uniform(rng, (D, hidden), hidden)}
