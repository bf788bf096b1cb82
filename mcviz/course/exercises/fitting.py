"""Notebook 07: a training loop in PyTorch, which loads when an answer is tried."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from mcviz.course.exercises.cases import Case, seeds
from mcviz.course.exercises.exercise import Exercise, Slip

Batches = list[tuple[Any, Any, Any]]
"""Tokens [B, T], targets [B, T] and a mask [B, T] of what is asked: one triple for each step."""


def fit(model: Any, optimizer: Any, batches: Batches) -> list[float]:
    """One step of training for each batch; the losses."""
    from torch.nn.functional import cross_entropy

    losses = []
    for tokens, targets, mask in batches:
        loss = cross_entropy(model(tokens)[mask], targets[mask])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def _case(seed: int, steps: int, sequences: int, length: int) -> Case:
    return {"seed": seed, "steps": steps, "sequences": sequences, "length": length}


def _built(case: Case) -> Case:
    """A small model, its optimizer, and batches: drawn anew, so that each answer trains its own."""
    import torch

    draw = torch.Generator().manual_seed(case["seed"])
    model = torch.nn.Sequential(torch.nn.Embedding(5, 4), torch.nn.Linear(4, 5)).double()
    with torch.no_grad():
        for weights in model.parameters():
            weights.copy_(torch.randn(weights.shape, generator=draw, dtype=torch.float64))
    shape = (case["sequences"], case["length"])
    batches = []
    for _ in range(case["steps"]):
        tokens, targets = (torch.randint(5, shape, generator=draw) for _ in range(2))
        mask = torch.rand(shape, generator=draw) < 0.5
        mask[0, 0] = True
        batches.append((tokens, targets, mask))
    return {"model": model, "optimizer": torch.optim.SGD(model.parameters(), lr=0.5), "batches": batches}


def _trained(case: Case, got: Any) -> Any:
    """What came of a call: the losses, and the weights that it left."""
    weights = [weight.detach().numpy() for weight in case["model"].parameters()]
    return got if got is None or got is ... else {"losses": got, "weights": weights}


def _tensors(answer: Callable[..., Any]) -> str:
    """What to say of losses that are no numbers yet."""
    losses = answer(*_built(_case(0, 1, 1, 4)).values())
    if not any(getattr(loss, "requires_grad", False) for loss in losses):
        return ""
    return "The losses are right, and still tensors, each with its whole graph: `loss.item()` is the number alone."


def _loop(
    loss_of: Callable[[Any, Any, Any], Any] | None = None,
    zero: bool = True,
    moves: bool = True,
    report: Callable[[list[float]], Any] = lambda losses: losses,
) -> Callable[..., Any]:
    """A training loop with one part exchanged or left out."""

    def answer(model: Any, optimizer: Any, batches: Batches) -> Any:
        from torch.nn.functional import cross_entropy

        losses = []
        for tokens, targets, mask in batches:
            said = model(tokens)
            loss = loss_of(said, targets, mask) if loss_of else cross_entropy(said[mask], targets[mask])
            if zero:
                optimizer.zero_grad()
            loss.backward()
            if moves:
                optimizer.step()
            losses.append(loss.item())
        return report(losses)

    return answer


def _everywhere(said: Any, targets: Any, mask: Any) -> Any:
    from torch.nn.functional import cross_entropy

    return cross_entropy(said.flatten(0, 1), targets.flatten())


def _summed(said: Any, targets: Any, mask: Any) -> Any:
    from torch.nn.functional import cross_entropy

    return cross_entropy(said[mask], targets[mask], reduction="sum")


def _over_all(said: Any, targets: Any, mask: Any) -> Any:
    from torch.nn.functional import cross_entropy

    each = cross_entropy(said.flatten(0, 1), targets.flatten(), reduction="none")
    return (each * mask.flatten()).mean()


def _softmax_twice(said: Any, targets: Any, mask: Any) -> Any:
    from torch.nn.functional import cross_entropy

    return cross_entropy(said[mask].softmax(-1), targets[mask])


def _climbs(said: Any, targets: Any, mask: Any) -> Any:
    from torch.nn.functional import cross_entropy

    return -cross_entropy(said[mask], targets[mask])


def _where_not_asked(said: Any, targets: Any, mask: Any) -> Any:
    from torch.nn.functional import cross_entropy

    return cross_entropy(said[~mask], targets[~mask])


FIT = Exercise(
    title="A training loop",
    task="<code>batches</code> is a list of (tokens, targets, mask), tensors [B, T]; <code>model(tokens)</code> gives "
    "logits [B, T, vocabulary]. For each batch: the mean cross entropy of the answers where <code>mask</code> is True, "
    "its gradients, one step of the <code>optimizer</code>. Return the losses, a number for each batch. (In PyTorch; "
    "<code>cross_entropy</code> is in <code>torch.nn.functional</code>.)",
    difficulty=2,
    minutes=10,
    solution=fit,
    seeded=(_case(0, 3, 2, 4), _case(1, 3, 1, 5)),
    searched=st.builds(_case, seed=seeds, steps=st.integers(1, 3), sequences=st.just(1), length=st.integers(1, 3)),
    build=_built,
    outcome=_trained,
    slips=(
        Slip(
            "Gradients add up from step to step: `optimizer.zero_grad()` is missing, before `backward`.",
            _loop(zero=False),
        ),
        Slip("The loss counts every position. Only those where `mask` is True ask for anything.", _loop(_everywhere)),
        Slip("The loss is a sum over answers; their mean is asked for.", _loop(_summed)),
        Slip("You divide by all positions, also by those that ask for nothing.", _loop(_over_all)),
        Slip(
            "`cross_entropy` takes logits and does the softmax itself; yours has one before it as well.",
            _loop(_softmax_twice),
        ),
        Slip("The loss has a minus: this makes wrong answers likelier.", _loop(_climbs)),
        Slip("The mask is turned round: True marks what is asked.", _loop(_where_not_asked)),
        Slip(
            "The weights never move. Is `optimizer.step()` missing, does it come before `backward`, or are gradients "
            "set to zero just before it?",
            _loop(moves=False),
        ),
        Slip(
            "Only the last loss comes back; one for each batch is asked for.", _loop(report=lambda losses: losses[-1])
        ),
        Slip(
            "That is the mean of the losses; one for each batch is asked for.",
            _loop(report=lambda losses: sum(losses) / len(losses)),
        ),
    ),
    hints=(
        "<code>model(tokens)[mask]</code> is [answers, vocabulary], <code>targets[mask]</code> is [answers].",
        "Five lines in the loop: loss, <code>zero_grad</code>, <code>backward</code>, <code>step</code>, and "
        "<code>losses.append(loss.item())</code>.",
    ),
    manner=_tensors,
)
