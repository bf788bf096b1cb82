"""Training: steps of AdamW on fresh batches of a task, from a seed, with a way back after a kill."""

import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from mcviz import files
from mcviz.checks import whole
from mcviz.film import Film
from mcviz.pytorch import ModelConfig, SequenceModel
from mcviz.pytorch.device import usable
from mcviz.pytorch.threads import limited
from mcviz.tasks import Batch, Task
from mcviz.training.checkpoint import Checkpoint
from mcviz.training.live import live
from mcviz.training.recipe import Recipe
from mcviz.training.recorder import Recorder
from mcviz.training.replays import Replays

TRAINING, VALIDATION = 0, 1
"""Streams of random numbers under one seed."""

SAVE_SECONDS = 5.0
SHOW_STEPS = 10
VALIDATION_SEQUENCES = 128


@dataclass
class Run:
    """A model in training: everything that changes from step to step."""

    task: Task
    model: SequenceModel
    steps: int
    seed: int
    recipe: Recipe
    device: torch.device
    optimizer: torch.optim.AdamW = field(init=False)
    forms: dict[bool, Callable[..., Tensor]] = field(init=False)  # the model, and the one that reads all checkpoints
    take: Callable[..., tuple[Tensor, ...]] = field(init=False)  # a step
    step: int = 0
    seconds: float = 0.0
    best: float = float("inf")  # validation loss
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    stale: int = 0  # validations since the best one
    gradient: Tensor | None = None  # norm of the last one, before it was clipped
    film: Film | None = None  # what was recorded

    def __post_init__(self) -> None:
        self.model.to(self.device)
        self.forms = {False: self.model, True: dense(self.model)}
        replayed = self.device.type == "cuda"
        # a replayed step reads its learning rate from memory
        rate = torch.tensor(self.recipe.learning_rate, device=self.device) if replayed else self.recipe.learning_rate
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), rate, weight_decay=self.recipe.weight_decay, capturable=replayed
        )
        self.take = Replays(self.descend) if replayed else self.descend

    @property
    def stopped(self) -> bool:
        """Whether training is over: all steps taken, or no improvement for too long."""
        return self.step >= self.steps or 0 < self.recipe.patience <= self.stale

    def advance(self) -> Tensor:
        """Take one step. Returns the loss."""
        recipe, progress = self.recipe, self.step / self.steps
        batch = self.task.easier(progress).sample((self.seed, TRAINING, self.step), recipe.batch)
        self.pace(recipe.rate(self.step, self.steps))
        loss, self.gradient = self.take(progress < recipe.dense, *questions(batch, self.device))
        self.step += 1
        if recipe.patience and (self.step % recipe.validate_every == 0 or self.step == self.steps):
            self.validate()
        return loss

    def pace(self, rate: float) -> None:
        """Set the learning rate."""
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def descend(self, dense: bool, *asked: Tensor) -> tuple[Tensor, Tensor]:
        """One step down the loss of some `questions`: the loss, and the norm of its gradient. Nothing waits."""
        loss = mean_loss(self.forms[dense], *asked)
        self.optimizer.zero_grad()
        loss.backward()
        gradient = nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimizer.step()
        return loss.detach(), gradient

    def validate(self) -> None:
        """Measure on the validation batch, and keep the weights if they are the best so far."""
        batch = self.task.validation.sample((self.seed, VALIDATION), VALIDATION_SEQUENCES)
        with torch.no_grad():
            loss = float(answer_loss(self.model, batch, self.device))
        self.stale += 1
        if loss < self.best:
            self.best, self.stale = loss, 0
            self.best_weights = {name: w.clone() for name, w in self.model.state_dict().items()}

    def description(self) -> dict[str, Any]:
        """What decides the outcome, as plain JSON values."""
        return {
            "task": self.task.to_dict(),
            "model": self.model.config.to_dict(),
            "steps": self.steps,
            "seed": self.seed,
            "recipe": self.recipe.to_dict(),
        }

    def save(self, path: Path) -> None:
        tensors = {f"model.{name}": w for name, w in self.model.state_dict().items()}
        tensors |= {f"best.{name}": w for name, w in self.best_weights.items()}
        for number, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": moment for name, moment in moments.items()}
        tensors = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
        # JSON has no infinity
        progress = {"seconds": self.seconds, "best": self.best if self.best_weights else None, "stale": self.stale}
        Checkpoint(self.description(), self.step, tensors, progress).save(path)

    def resume(self, path: Path) -> None:
        stored = Checkpoint.load(path, self.description())
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "best": {}, "optimizer": {}}
        for name, tensor in stored.tensors.items():
            group, _, member = name.partition(".")
            parts[group][member] = tensor
        self.model.load_state_dict(parts["model"])
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in parts["optimizer"].items():
            number, _, moment = name.partition(".")
            state.setdefault(int(number), {})[moment] = tensor
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})
        self.step, self.seconds, self.stale = stored.step, stored.progress["seconds"], stored.progress["stale"]
        if parts["best"]:
            self.best, self.best_weights = stored.progress["best"], parts["best"]


def questions(batch: Batch, device: torch.device) -> tuple[Tensor, ...]:
    """The tokens of a batch [B, T], and of the n answers wanted the rows, the columns and what they are [n]."""
    places = batch.mask.nonzero()
    return tuple(torch.from_numpy(x).to(device) for x in (batch.tokens, *places, batch.targets[places]))


def mean_loss(model: Callable[..., Tensor], tokens: Tensor, rows: Tensor, columns: Tensor, targets: Tensor) -> Tensor:
    """Mean cross entropy, in nats, of the answers wanted."""
    return cross_entropy(model(tokens, (rows, columns), check=False), targets)


def answer_loss(model: Callable[..., Tensor], batch: Batch, device: torch.device) -> Tensor:
    """`mean_loss` of a batch, on the device."""
    return mean_loss(model, *questions(batch, device))


def dense(model: SequenceModel) -> Callable[..., Tensor]:
    """`model` with SSC's router out of the way: all checkpoints are read, and it is GRM (identity I4)."""
    mixer = model.config.mixer
    if mixer is None or mixer.aggregator != "ssc":
        return model
    twin = SequenceModel(replace(model.config, mixer=replace(mixer, aggregator="grm")))
    return lambda *given, **how: torch.func.functional_call(twin, dict(model.named_parameters()), given, how)


def train(
    task: Task,
    model_config: ModelConfig,
    steps: int = 1200,
    seed: int = 0,
    device: str | torch.device = "cpu",
    *,
    recipe: Recipe | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    film: str | os.PathLike[str] | None = None,
    watch: bool = False,
    progress: bool = True,
    go_on: Callable[["Run"], bool] | None = None,
) -> Run:
    """Train a model on a task; the result is a `Run` with the trained `model`, the `step` it ended at and `seconds`.

    The weights are drawn from `model_config.seed` and the batches from `seed`: the same arguments give the same
    weights, bit for bit, on one machine. With a `checkpoint` file, the run is saved there every few seconds, and goes
    on from there if the file exists: a run that was killed loses seconds, and ends with the same weights.

    With a `film` file, a film of the training is recorded there, which others may read meanwhile
    (`mcviz.film.Film.load`); the result has it as `film`. The weights are the same with and without, and so is the film
    of a run that was killed and went on. A film of this very training that is there is taken anew where no checkpoint
    goes on with it. In a notebook, with `watch`, the film is shown while it is recorded, to a file or not; if the
    kernel is interrupted, what was learned and recorded until then is the result.

    `go_on(run)` is asked after every step; where it says no, all is saved, and the run as it is then is the result.

    Raises `ValueError` if the model lacks tokens of the task, torch cannot use the device, or a file is damaged, of
    another run, written by another process now or not to be written, and `FloatingPointError` if the loss stops being
    a number.
    """
    steps, seed = whole("steps", steps), whole("seed", seed, 0)
    if model_config.vocabulary < task.vocabulary:
        raise ValueError(
            f"vocabulary: expected at least the {task.vocabulary} tokens of {task.name}, got {model_config.vocabulary}"
        )
    run = Run(task, SequenceModel(model_config), steps, seed, recipe or Recipe(), usable(device))
    path = None if checkpoint is None else Path(checkpoint)
    with nullcontext() if film is None else files.alone(film):
        if path is not None:
            files.clear(path)
            if path.exists():
                run.resume(path)
        recorder = (
            Recorder(run, None if film is None else Path(film), live() if watch else None) if film or watch else None
        )
        if path is not None and not path.exists():
            run.save(path)
        try:
            go(run, path, recorder, progress, go_on)
        except KeyboardInterrupt:
            if not watch:
                raise
        if recorder is not None:
            run.film = recorder.end(run.stopped)
    if run.best_weights:
        run.model.load_state_dict(run.best_weights)
    run.model.eval()
    return run


def go(
    run: Run,
    path: Path | None,
    recorder: Recorder | None,
    progress: bool,
    go_on: Callable[[Run], bool] | None,
) -> None:
    """Take the steps that are left. What is recorded is written before the checkpoint: a run that goes on from there
    finds all frames up to there."""
    # small tensors gain nothing from more threads, and sums keep their order
    with limited(1), tqdm(total=run.steps, initial=run.step, disable=not progress, unit="step") as bar:
        began = saved = time.monotonic()
        spent = run.seconds
        if recorder is not None:
            recorder.see(run)
        while not run.stopped:
            loss = run.advance()
            bar.update()
            if run.step % SHOW_STEPS == 0 or run.stopped:
                if not loss.isfinite():
                    raise FloatingPointError(f"training diverged: the loss is {loss.item()} after {run.step} steps")
                bar.set_postfix(loss=f"{loss.item():.4f}")
            if recorder is not None:
                recorder.see(run, loss)
            run.seconds = spent + time.monotonic() - began
            wanted = go_on is None or go_on(run)
            if path is not None and (run.stopped or not wanted or time.monotonic() - saved > SAVE_SECONDS):
                if recorder is not None:
                    recorder.save()
                run.save(path)
                saved = time.monotonic()
            if not wanted:
                return
