"""The stepper in Jupyter: a widget whose place in the run is a trait like any other widget's value."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import anywidget
import traitlets
from IPython.display import display as display

from mcviz import changes, files, stand_in, watch, writing
from mcviz.checks import instance, is_whole, place, plain
from mcviz.film import Film
from mcviz.probes import edits, surgery
from mcviz.stand_in import still as still
from mcviz.stepper import asking, assets
from mcviz.stepper.film import film_page, identity, pack_film, pack_film_online, part
from mcviz.stepper.html import page
from mcviz.stepper.payload import BUDGET, pack, pack_online
from mcviz.trace import Trace
from mcviz.watch import Sitting


class Whole(traitlets.Int[Any, Any]):
    """A trait that also takes NumPy's whole numbers."""

    def validate(self, obj: Any, value: Any) -> int:
        number: int = super().validate(obj, plain(value))
        return number


def newest(film: Film, frame: int) -> int:
    """A frame of a film by its number, -1 for the newest. Raises `ValueError` where there is no such frame."""
    return place("frame", len(film.frames) - 1 if frame == -1 else frame, len(film.frames), "frame")


def begins(film: Film, earlier: Film) -> bool:
    """Whether a film begins with all frames of an earlier one."""
    frames = zip(film.frames, earlier.frames, strict=False)
    same = [(one.step, one.digest) == (other.step, other.digest) for one, other in frames]
    return len(same) == len(earlier.frames) and all(same)


class Stepper(anywidget.AnyWidget):
    """The stepper on a run, or on two runs in step.

    `step`, `head` and `segment` (the segment whose memory is inspected, -1 for the online one) are followed both ways:

        stepper = Stepper(trace, step=40)
        stepper.observe(print, "step")                          # hear of every step
        ipywidgets.jslink((slider, "value"), (stepper, "step"))  # in the browser alone
        ipywidgets.interact(stepper.go, step=(0, trace.T - 1))   # drive it from controls

    On a trained model the reader edits the sequence, and the kernel runs it again. `tokens` are those of the run on
    screen; code hears of them, and sets others, by number or label:

        stepper = Stepper(model="topics-ssc", tokens=["fox", "fox", "red", "axe", "so", "fox", "red"])
        stepper.observe(lambda change: print(stepper.latest.predictions.tokens[-1]), "tokens")
        Stepper(mcviz.watch.Sitting("needle-grm", seed=3))      # or any sitting

    A model of text reads characters, and writes on; checkpoints are operated on by the reader, and by code:

        stepper = Stepper(model="stories-grm", tokens="Mia Fox has a hat. The hat is red. ")
        stepper.write(80, temperature=0.7)                      # gives what it wrote
        stepper.operate([mcviz.probes.surgery.SwitchOff(1)])    # [] restores

    A film of a training has a second axis, `frame`, and `trace` is the run in the frame on screen:

        stepper = Stepper(mcviz.film.Film.load("run.film"), frame=-1)  # at the newest frame
        stepper.go(frame=0)

    The numbers are sent to the browser once. JupyterLab saves them with the notebook if told to ("Save Widget State
    Automatically"); nbclient does, with all widgets' state, unless it is given `store_widget_state=False`. Before the
    widget a picture of the gates where it stands is an output of its own (`mcviz.stand_in`): a notebook opened again,
    `nbconvert` and other pages without widgets show it if no numbers were saved. `to_html` keeps the whole view for
    those who read without running.

    Raises `ValueError` for a step, head or segment that the run does not have, and as `mcviz.stepper.pack` and
    `mcviz.watch.run` do.
    """

    _esm = assets.script()
    _css = assets.style()
    payload = traitlets.Bytes().tag(sync=True)
    step = Whole(0).tag(sync=True)
    head = Whole(0).tag(sync=True)
    segment = Whole(-1).tag(sync=True)
    frame = Whole(0).tag(sync=True)
    offers = traitlets.Dict().tag(sync=True)
    tokens = traitlets.Tuple()

    def __init__(
        self,
        trace: Trace | Sitting | Film | None = None,
        other: Trace | None = None,
        *,
        model: str = "",
        tokens: Sequence[int | str] | None = None,
        budget: int = BUDGET,
        **traits: Any,
    ) -> None:
        if (trace is None) == (not model):
            raise ValueError(
                "trace: expected a run or a sitting, or the name of a trained model as `model`, got not one"
            )
        given = Sitting(model) if trace is None else trace
        if not isinstance(given, Sitting | Film):
            instance("trace", given, Trace, "a Trace, a Sitting or a Film")
        if other is not None:
            instance("other", other, Trace, "a Trace")
        if isinstance(given, Sitting) and tokens is not None:
            given = replace(given, tokens=tuple(tokens), changes=())
        self.sitting = given if isinstance(given, Sitting) else None
        self.film = given if isinstance(given, Film) else None
        if isinstance(given, Film):
            traits["frame"] = newest(given, traits.get("frame", 0))
            self.trace = given.frames[traits["frame"]].trace
        else:
            self.trace = watch.run(given) if isinstance(given, Sitting) else given
        self.other, self.budget = other, budget
        self.first = 0  # the first frame of a film that was sent last
        if self.sitting is not None:
            traits["offers"] = self._offers(self.trace)
        elif tokens is not None:
            raise ValueError("tokens: expected a trained model to read them, got a run")
        traits["tokens"] = self._labels()
        payload = pack(self.trace, other, budget=budget) if self.film is None else pack_film(self.film)
        super().__init__(payload=payload, **traits)
        self.on_msg(Stepper._answer)

    def show(self, trace: Trace | Film, other: Trace | None = None) -> None:
        """Show another run in the same place, from its first token; or a film.

        Where it is the film on screen and has grown, the reader stays where they stand, and goes on to its newest frame
        who stood at the newest. Only the new frames are sent then; the whole film is where it is shown again as it was.
        """
        if isinstance(trace, Film):
            self._play(trace)
            return
        payload = pack(trace, other, budget=self.budget)
        self.sitting, self.film, self.trace, self.other = None, None, trace, other
        with self.hold_sync(), self.hold_trait_notifications():
            self.step, self.head, self.segment, self.frame = 0, 0, -1, 0
            self.payload, self.offers, self.tokens = payload, {}, self._labels()

    def _play(self, film: Film) -> None:
        """Show a film, or more of the one on screen."""
        frame = newest(film, -1)
        goes_on = self.film is not None and identity(self.film) == identity(film)
        if self.film is not None and goes_on and self.frame < len(self.film.frames) - 1:
            frame = min(self.frame, frame)
        there = len(self.film.frames) if self.film is not None and goes_on and begins(film, self.film) else 0
        new = there % len(film.frames)  # 0 where there are only frames that were sent before
        payload = pack_film(film, new)
        self.sitting, self.film, self.other, self.first = None, film, None, new
        self.trace = film.frames[frame].trace
        if new:
            self.send({"film": len(film.frames)}, buffers=[payload])
        with self.hold_sync(), self.hold_trait_notifications():
            if not goes_on:
                self.step, self.head, self.segment = 0, 0, -1
            if not new:
                self.payload = payload
            self.frame, self.offers, self.tokens = frame, {}, self._labels()

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """What a browser is told that asks for all: also the frames of a film that were sent on their own."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        if self.film is not None and self.first and "payload" in state:
            state["payload"] = pack_film(self.film)
        return state

    def go(self, **place: int) -> None:
        """Move to a `step`, a `head`, an inspected `segment`, a `frame` of a film, at once; what is left out stays."""
        for name in place:
            if name not in ("step", "head", "segment", "frame"):
                raise ValueError(f"go: expected step, head, segment or frame, got {name!r}")
        # one message: the page never draws the new token with the old head
        with self.hold_sync():
            for name, value in place.items():
                setattr(self, name, value)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write what is shown as one HTML file that opens without Jupyter and without a network."""
        at = {"step": self.step, "head": self.head, "segment": self.segment}
        if self.film is not None:
            files.write(path, film_page(self.film, frame=self.frame, **at))
        else:
            files.write(path, page(self.trace, self.other, budget=self.budget, **at))

    def _ipython_display_(self) -> None:
        """The widget, and where it does not live a picture of the gates where it stands."""
        stand_in.show(self, still(self.trace, self.step, min(self.head, self.trace.H - 1)), "a stepper")

    def sit(self, sitting: Sitting) -> None:
        """Show the run of another sitting in the same place, beside that before its last change.

        Raises `ValueError` as `mcviz.watch.run` does; then what is shown stays.
        """
        trace = watch.run(sitting)
        earlier = watch.run(sitting.undone()) if sitting.changes else None
        other = earlier if earlier is not None and earlier.T == trace.T else None
        runs = (trace,) if other is None else (other, trace)
        payload, offers = pack(*runs, budget=self.budget), self._offers(trace, earlier, sitting)
        self.sitting, self.film, self.trace, self.other = sitting, None, runs[0], other and trace
        with self.hold_sync(), self.hold_trait_notifications():
            self.step, self.head, self.frame = min(self.step, trace.T - 1), min(self.head, trace.H - 1), 0
            self.segment = min(self.segment, trace.N - 1)
            self.payload, self.offers, self.tokens = payload, offers, self._labels()

    def write(self, characters: int = 1, temperature: float = 0.0, seed: int = 0) -> str:
        """A model of text writes on after the tokens on screen. Gives what it wrote, and stands at the last of it.

        Raises `ValueError` as `mcviz.writing.steps` does, and for a run that is not that of a model of text.
        """
        if self.sitting is None:
            raise ValueError("write: expected a trained model that reads text, got a run")
        draft = writing.drafted(self.sitting, characters=characters, temperature=temperature, seed=seed)
        wrote = writing.continuation(draft)
        self.sit(writing.seated(draft))
        self.step = self.latest.T - 1
        return wrote

    def operate(self, made: Sequence[surgery.Edit]) -> None:
        """Show the model's run beside the one after surgery, or alone where nothing is `made`.

        Raises `ValueError` for edits that cannot be made, and for a run that is not a model's.
        """
        if self.sitting is None:
            raise ValueError("operate: expected a trained model, which answers anew, got a run")
        # the reference operates, so it also says what there was before
        before = watch.run(self.sitting, "numpy")
        for edit in made:
            edits.check(before, edit)
        after = watch.answered(self.sitting, surgery.operate(before, made)) if made else None
        payload = pack(before, after, budget=self.budget)
        self.trace, self.other = before, after
        with self.hold_sync(), self.hold_trait_notifications():
            self.payload = payload
            self.offers = {**self.offers, "surgery": edits.offer(before, made)}

    def _offers(self, trace: Trace, earlier: Trace | None = None, sitting: Sitting | None = None) -> dict[str, Any]:
        """What the reader may ask for of a run that was not operated on."""
        seat = sitting or self.sitting
        assert seat is not None
        return {"edit": watch.offer(seat, trace, earlier), "surgery": edits.offer(trace, [])}

    def on_request(self, kind: str, value: Mapping[str, Any]) -> None:
        """Do what the reader asks for, of what is in `offers`: to edit the sequence, or to operate on checkpoints."""
        if self.sitting is None:
            return
        if kind == "surgery":
            self.operate(edits.asked(watch.run(self.sitting, "numpy"), value))
        else:
            self.sit(replace(self.sitting, changes=changes.asked(self.sitting.changes, value)))

    @property
    def latest(self) -> Trace:
        """The run on screen; of two, the second."""
        return self.other or self.trace

    def _labels(self) -> tuple[str, ...]:
        """The tokens of the run on screen, as far as it names them."""
        return tuple(self.latest.tokens or ())

    @traitlets.validate("tokens")
    def _known(self, proposal: Any) -> tuple[str, ...]:
        if self.sitting is None:
            if proposal["value"] != self._labels():
                raise ValueError("tokens: expected a trained model to read them, got a run")
            return self._labels()
        return watch.words(replace(self.sitting, tokens=tuple(proposal["value"]), changes=()))

    @traitlets.observe("frame")
    def _turn(self, change: Any) -> None:
        """Another frame of the film: `trace` is its run."""
        if self.film is not None:
            self.trace = self.film.frames[change["new"]].trace

    @traitlets.observe("tokens")
    def _rewrite(self, change: Any) -> None:
        """Other tokens, from code: the run is made again."""
        if self.sitting is not None and change["new"] != self.latest.tokens:
            self.sit(replace(self.sitting, tokens=change["new"], changes=()))

    def _answer(self, content: Any, buffers: Any) -> None:
        """Send the online states around the token that the browser asks for, if the run carries none."""
        if isinstance(content, dict) and "request" in content:
            self.send(asking.answer(content["request"], self.offers, self.on_request))
            return
        t = content.get("online") if isinstance(content, dict) else None
        if is_whole(t) and 0 <= t < min(run.T for run in (self.trace, self.other) if run is not None):
            self.send({"online": t}, buffers=[self._online(t, content.get("frame"))])

    def _online(self, t: int, frame: Any) -> bytes:
        """The online states around token `t`."""
        if self.film is None:
            return pack_online(self.trace, t, self.other, budget=self.budget)
        shown = frame if is_whole(frame) and 0 <= frame < len(self.film.frames) else self.frame
        sent = part(self.film, self.first, len(self.film.frames))
        return pack_film_online(self.film, shown, t, sent, budget=self.budget)

    @traitlets.validate("step", "head", "segment", "frame")
    def _within(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        runs = [run for run in (self.trace, self.other) if run is not None]
        low, high = {
            "step": (0, min(run.T for run in runs) - 1),
            "head": (0, max(run.H for run in runs) - 1),
            "segment": (-1, max(run.N for run in runs) - 1),
            "frame": (0, 0 if self.film is None else len(self.film.frames) - 1),
        }[name]
        if not low <= value <= high:
            raise ValueError(f"{name}: expected a whole number from {low} to {high}, got {value}")
        return int(value)
