"""`mcviz train`: train a model from the shell, or remake one that ships."""

import argparse
import json
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy
import torch

import mcviz
from mcviz import choices, files, rules, tasks
from mcviz.config import AGGREGATORS, MEMORIES, MCConfig
from mcviz.training.evaluation import evaluate
from mcviz.training.loop import Run, train
from mcviz.training.models import MODELS
from mcviz.training.plans import INSTEAD, Plan, plan
from mcviz.zoo import Card, answers, check_name, load, names, save

SEQUENCES = 1024
"""How many a card's figures are measured on."""

OWN = ("aggregator", "memory", "seed", "steps", "set", "name")
"""Options of a model of the reader's own: one that ships has its settings and its name."""

ELSEWHERE = ("task", "aggregator", "memory", "seed")
"""What a plan takes that `--set` does not: it stands in the command under its own name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `mcviz train` takes."""
    parser.add_argument("task", nargs="?", choices=tuple(tasks.TASKS), help="what to learn")
    ways = (*AGGREGATORS, *INSTEAD)
    parser.add_argument("--aggregator", choices=ways, help="how memories are read (default: grm)")
    parser.add_argument("--memory", choices=MEMORIES, help="how a memory is written and read (default: linear)")
    parser.add_argument("--seed", type=int, help="draws weights and batches (default: 0)")
    parser.add_argument("--steps", type=int, help="steps of training (default: what works for the task)")
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        metavar="NAME=VALUE",
        help="any other setting: a size of the task (pairs=24), a field of MCConfig (top_k=4, start=checkpoint), "
        "of the model (layers=2) or of the recipe (patience=5); options of the memory's rule are one of MCConfig's "
        """(--memory swla --set 'options={"window": 3}')""",
    )
    parser.add_argument("--name", help="what to call the model (default: TASK-MEMORY-AGGREGATOR, linear left out)")
    parser.add_argument("--out", default="runs", metavar="FOLDER", help="where models go (default: runs)")
    parser.add_argument("--film", type=Path, metavar="FILE", help="record a film of the training, such as run.film")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, …")
    parser.add_argument("--zoo", metavar="NAME", help=f"make a model that ships: all, {', '.join(MODELS)}")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def command(args: argparse.Namespace) -> int:
    """Do what `add_arguments` read; 0 if it went well, 2 with a message if not, 130 if it was interrupted."""
    try:
        check(args)
        if args.zoo:
            for name in MODELS if args.zoo == "all" else [args.zoo]:
                make_shipped(name, args)
        else:
            make_own(args)
    except (ValueError, FloatingPointError) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def check(args: argparse.Namespace) -> None:
    """Raise `ValueError` unless there is one thing to train, and each option says something about it."""
    if not args.task and not args.zoo:
        raise ValueError(f"task: expected one of {', '.join(tasks.TASKS)}, or --zoo NAME; got neither")
    if not args.zoo:
        return
    beside = [args.task] if args.task else [f"--{name}" for name in OWN if getattr(args, name) is not None]
    if beside:
        raise ValueError(
            f"zoo: expected a name alone, as a model that ships has a task and settings; got {', '.join(beside)} too"
        )
    if args.film and args.zoo == "all":
        raise ValueError("film: expected one model, of which there is a film; got --zoo all")


def fail(message: str) -> int:
    """Say what was wrong."""
    print(f"mcviz train: {message}", file=sys.stderr)
    return 2


def make_shipped(name: str, args: argparse.Namespace) -> None:
    """`mcviz train --zoo NAME`"""
    if name not in MODELS:
        raise ValueError(f"zoo: expected all, or one of {', '.join(MODELS)}; got {name!r}")
    task, aggregator, about, settings = MODELS[name]
    make(name, about, plan(task, aggregator, **settings), f"mcviz train --zoo {name}", args)


def make_own(args: argparse.Namespace) -> None:
    """`mcviz train TASK`"""
    default = MCConfig()
    aggregator, memory, seed = args.aggregator or default.aggregator, args.memory or default.memory, args.seed or 0
    if aggregator in INSTEAD and memory != default.memory:
        raise ValueError(f"memory: expected none for {aggregator}, which stands instead of memories; got {memory}")
    settings = assignments(args.set or [], args.steps)
    planned = plan(args.task, aggregator, seed, memory=memory, **settings)
    check_heard(planned, settings)
    rule = [] if memory == default.memory else [memory]
    name = "-".join([args.task, *rule, aggregator]) if args.name is None else args.name
    parts = ["mcviz", "train", args.task, "--aggregator", aggregator, "--memory", memory]
    parts += ["--seed", str(seed), "--name", name]
    if settings:
        parts += ["--set", *(f"{key}={json.dumps(value)}" for key, value in settings.items())]
    about = " ".join([aggregator, *(f"of {memory}" for memory in rule), "on", args.task])
    make(name, about, planned, shlex.join(parts), args)


def check_heard(planned: Plan, settings: Mapping[str, Any]) -> None:
    """Raise `ValueError` for a setting that was given and says nothing about the model that is planned."""
    mixer = planned.model_config.mixer
    routes = mixer is not None and rules.AGGREGATORS[mixer.aggregator].routes
    if mixer is not None:
        choices.check_heard(choices.chosen(mixer).get, settings)
    idle = {field.name for field in fields(MCConfig)} if mixer is None else set()
    for name, value in settings.items():
        if name in idle or (name == "dense" and not routes):
            raise ValueError(f"{name}: expected no value, as none matters to this run; got {value}")


def assignments(texts: Sequence[str], steps: int | None) -> dict[str, Any]:
    """The settings that are given, each once. Raises `ValueError` for one that is given twice, or not by `--set`."""
    settings: dict[str, Any] = {} if steps is None else {"steps": steps}
    for name, value in map(assignment, texts):
        if name in ELSEWHERE:
            raise ValueError(f"set: expected {name} as {'TASK' if name == 'task' else f'--{name}'}, got {name}={value}")
        if name in settings:
            raise ValueError(f"set: expected {name} once, got {settings[name]} and {value}")
        settings[name] = value
    return settings


def assignment(text: str) -> tuple[str, Any]:
    """`top_k=4` as a name and a value: JSON where it is JSON, and otherwise the text itself."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"set: expected NAME=VALUE, got {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def make(name: str, about: str, planned: Plan, remake: str, args: argparse.Namespace) -> None:
    """Train, measure and save one model. What is already there stays; a run that was killed goes on.

    Raises `ValueError` for what is no name, and while another process makes a model of that name.
    """
    folder = Path(args.out)
    checkpoint = folder / f"{name}.checkpoint"
    if made(name, planned, folder):
        checkpoint.unlink(missing_ok=True)  # left by a kill between the last two steps
        if args.film and not args.film.exists():
            raise ValueError(f"film: expected a model to train, and {name} is trained; choose another --name or --out")
        return
    check_name(name, folder)
    with files.alone(checkpoint):
        if not made(name, planned, folder):  # meanwhile, by another process
            make_new(name, about, planned, remake, args)
        checkpoint.unlink(missing_ok=True)


def made(name: str, planned: Plan, folder: Path) -> bool:
    """Whether the model is already there, and if so, what was measured. Raises `ValueError` if another one is."""
    if name not in names(folder):
        return False
    there = load(name, folder).card
    if (there.task, there.model, there.training) != (planned.task, planned.model_config, planned.training):
        raise ValueError(f"name: {folder / name} is another model; choose another --name or --out")
    print(f"{name} is already in {folder}\n{report(there)}")
    return True


def make_new(name: str, about: str, planned: Plan, remake: str, args: argparse.Namespace) -> None:
    """Train, measure and save a model that is not there yet."""
    folder = Path(args.out)
    checkpoint = folder / f"{name}.checkpoint"
    how = {"device": args.device, "checkpoint": checkpoint, "film": args.film, "progress": not args.quiet}
    trained = train(**vars(planned), **how)
    card = carded(name, about, planned, trained, remake, folder)
    print(f"{folder / name}.safetensors\n{report(card)}")
    if trained.film is not None:
        print(f"{args.film}: a film of {len(trained.film.frames)} frames, {args.film.stat().st_size:,} bytes")


def carded(name: str, about: str, planned: Plan, trained: Run, remake: str, folder: Path) -> Card:
    """Measure a trained model, and save it with its card. Raises `ValueError` as `mcviz.zoo.save` does."""
    card = Card(
        name=name,
        about=about,
        task=planned.task,
        model=planned.model_config,
        training=planned.training,
        command=remake,
        steps=trained.step,
        wall_seconds=round(trained.seconds, 1),
        parameters=sum(weights.numel() for weights in trained.model.parameters()),
        sequences=SEQUENCES,
        measured=evaluate(trained.model, planned.task, planned.seed, SEQUENCES),
        made_with={
            "mcviz": mcviz.__version__,
            "torch": torch.__version__,
            "numpy": numpy.__version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
        },
        answers=answers(trained.model, planned.task),
    )
    save(trained.model, card, folder)
    return card


def report(card: Card) -> str:
    """What was measured, in lines of text."""
    lines = [f"{card.steps} steps, {card.wall_seconds:.0f} s, {card.parameters:,} weights"]
    for name, (value, low, high) in card.measured.items():
        lines.append(f"{name:9}{value:8.4f}  [{low:.4f}, {high:.4f}]")
    return "\n".join(lines)
