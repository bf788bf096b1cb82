"""A link holds the whole screen: every choice that is not what it is at first, and the version that wrote it."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import urlencode

from mcviz import changes, choices, claims, examples, film, watch
from mcviz.checks import whole, written
from mcviz.choices import CHOICES
from mcviz.config import MCConfig
from mcviz.order import LIMITS, RATES, TASKS, Order
from mcviz.sampling import HOTTEST
from mcviz.tasks import shelf
from mcviz.tradeoff import RULES, Setting

VERSION = "1"
VERSIONED = "v"
"""The parameter that says which version wrote a link: one that we wrote has it."""
Value = str | int | bool
Screen = dict[str, Value]


class Field(NamedTuple):
    """One choice: what it is at first, and what else it may be (anything of that type, where nothing is listed; of a
    number from `least` to `most`)."""

    default: Value
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


CONFIG: Mapping[str, Field] = {
    **{choice.name: Field(choice.default, tuple(choice.titles), choice.least, choice.most) for choice in CHOICES},
    "weights": Field("trained", watch.WEIGHTS),
    "backend": Field(watch.choose(), watch.BACKENDS),
}
"""How a sequence is run. The second run of a comparison has the same fields, with `SECOND` before their names."""

TRAIN = "train_"
ORDER: Mapping[str, Field] = {
    name: Field(
        value,
        {"task": TASKS, "rate": RATES}.get(name, CONFIG[name].choices if name in CONFIG else ()),
        *LIMITS.get(name, (None, None)),
    )
    for name, value in vars(Order()).items()
}
"""What is to be trained; `TRAIN` stands before the names."""

COST = "cost_"
SETTING: Mapping[str, Field] = {
    name: Field(value, RULES if name == "memory" else ()) for name, value in vars(Setting()).items()
}
"""What the page of costs computes for; `COST` stands before the names."""

SECOND = "b_"
SAMPLE = (
    "The old librarian keeps a blue key in the desk. The young gardener keeps a red key in the shed. "
    "The gardener opens the shed with the red key. The librarian opens the desk with the blue key."
)
DRAFT = "Mia Fox has a hat. The hat is red. Tom Bear found a map. The map is blue. "
"""A text that the models of stories go on with."""
LIBRARY = """fox: red axe, blue bag, green cup
eel: red cup, white boat
owl: blue lamp, red pen, black door
bee: green key, red axe
? fox red
? eel red
? owl red
? owl green"""
LONGEST = 6000
"""Characters of a text that a link carries: browsers cut longer addresses."""


@cache
def fields() -> Mapping[str, Field]:
    """Every choice that a screen holds."""
    runs = (*watch.names(), *examples.NAMES)
    return {
        "run": Field(runs[0] if "topics-grm" not in runs else "topics-grm", runs),
        "b_run": Field("", ("", *watch.names())),  # "": the same model as the first run's
        "seed": Field(0, least=0),
        "changes": Field(""),  # of the sequence of a trained model
        "library": Field(LIBRARY),
        "text": Field(SAMPLE),
        "draft": Field(DRAFT),
        "written": Field(0, least=0),  # characters that the model wrote after it
        # temperature, in hundredths; 0: always the likeliest character
        "heat": Field(70, least=0, most=int(100 * HOTTEST)),
        "split": Field("word", tuple(examples.SPLITS)),
        **CONFIG,
        **{SECOND + name: field for name, field in CONFIG.items()},
        **{COST + name: field for name, field in SETTING.items()},
        **{TRAIN + name: field for name, field in ORDER.items()},
        "film": Field("", ("", *film.names())),  # one that ships; "": the reader's own, or the first of them
        "training": Field(""),  # the name of the reader's own
        "mine": Field(""),  # models that the reader trained and keeps
        "edits": Field(""),
        "step": Field(-1),  # -1: the first question whose answer stands in an earlier segment
        "head": Field(0),
        "segment": Field(-1, least=-1),  # whose memory is inspected; -1: the online one
        "question": Field(-1),  # of the oracle; -1: the one with the largest regret
        "claim": Field("", ("", *claims.CLAIMS)),
        "verdict": Field("", ("", *claims.VERDICTS)),
        "family": Field("", ("", *claims.FAMILIES)),
        "asked": Field(str(claims.FACTORS[0]), tuple(map(str, claims.FACTORS))),  # of the frontier: times the pairs
        "axis": Field(claims.Spent._fields[0], claims.Spent._fields),  # against what
        "point": Field(""),  # which one is told; "": none
        "game": Field(""),  # what was answered so far
        "ask": Field(""),  # the game of the first screen: what was opened so far
        "tour": Field(0),  # 0: none
        "told": Field(-1),  # what was answered at a stop of the tour; -1: nothing yet
        "present": Field(False),  # for a projector: no controls, and large
        "hide": Field("", ("", "controls", "answers", "both")),  # a teacher's lock
    }


def defaults(run: str) -> Screen:
    """What everything is at first, given what is run: a model has the configuration that it was trained with."""
    screen: Screen = {name: field.default for name, field in fields().items()} | {"run": run}
    if watch.known(run):
        for side in ("", SECOND):
            screen |= of_config(watch.config(run), side)
        screen[SECOND + "run"] = watch.plain(run)
    # one memory that goes on, as in a plain recurrent layer
    return screen | {SECOND + "aggregator": "none", SECOND + "start": "checkpoint"}


def of_config(cfg: MCConfig, side: str = "") -> Screen:
    """The choices that make up a configuration."""
    return {side + name: value for name, value in choices.chosen(cfg).items()}


KEPT = (
    *("text", "split", "draft", "heat", "seed", "library", "training", "mine", "film"),
    *(COST + name for name in SETTING),
    *(TRAIN + name for name in ORDER),
)
"""What fits any run."""


def turned(screen: Screen, run: str) -> tuple[Screen, str]:
    """The screen after `run` was chosen: as that is at first, but for what fits any; and what has to be said of it.

    Edits, and the token on screen, stay where the other model reads the very same sequence.
    """
    name = str(screen["run"])
    known = {name, run} <= set(watch.names())
    alike = known and run in watch.alike(name)
    kept = (*KEPT, "changes", "step") if alike else KEPT
    said = "" if alike else dropped(screen, f"{name} reads another sequence than {run}")
    return defaults(run) | {each: screen[each] for each in kept}, said


def reseeded(screen: Screen) -> tuple[Screen, str]:
    """The screen after another seed was chosen, whose sequence is another; and what has to be said of it."""
    return screen | {"changes": ""}, dropped(screen, "another seed draws another sequence")


def dropped(screen: Screen, why: str) -> str:
    """What is said where edits go, if there are any."""
    return f"Your edits are not kept, as {why}." if screen["changes"] else ""


def read(parameters: Mapping[str, str]) -> tuple[Screen, list[str]]:
    """The screen that a link describes, and what could not be read in it: that stays as it is at first.

    Parameters that are not ours are none of our business: others put `utm_source` and the like into addresses.
    """
    problems = []
    version = parameters.get(VERSIONED, VERSION)
    if version != VERSION:
        problems.append(f"v: expected a link of version {VERSION}, got {version[:40]!r}; what still fits is kept")
    given: Screen = {}
    for name in filter(parameters.__contains__, fields()):
        try:
            given[name] = parse(name, parameters[name])
        except ValueError as error:
            problems.append(str(error))
    first = defaults(str(given.get("run", fields()["run"].default)))
    if SECOND + "run" not in given and any(SECOND + name in given for name in CONFIG):
        first[SECOND + "run"] = ""  # links of old meant the same model under another configuration
    return first | given, problems


def ours(parameters: Mapping[str, str]) -> bool:
    """Whether an address says anything about the screen."""
    return any(name in fields() or name == VERSIONED for name in parameters)


def parse(name: str, text: str) -> Value:
    """The value of the field called `name`. Raises `ValueError` for anything that it may not be."""
    field = fields()[name]
    lent = name in ("run", SECOND + "run") and watch.known(text)
    if field.choices and text not in field.choices and not lent:
        raise ValueError(f"{name}: expected one of {', '.join(filter(None, field.choices))}; got {text[:40]!r}")
    if name.removeprefix(SECOND) == "backend":
        return watch.choose(text)
    if isinstance(field.default, bool):
        if text not in ("0", "1"):
            raise ValueError(f"{name}: expected 0 or 1, got {text[:40]!r}")
        return text == "1"
    if isinstance(field.default, int):
        given = written(name, text)
        return given if field.least is None else whole(name, given, field.least, field.most)
    if name == "changes":
        return changes.write(changes.parse(text))
    return shelf.parse(text).text if name == "library" else text


def address(page: str, screen: Screen, hide: str = "") -> str:
    """The whole address of this screen on the page at `page`, with a teacher's lock."""
    return f"{page.partition('?')[0]}?{urlencode(write(screen | {'hide': hide}))}"


def write(screen: Screen) -> dict[str, str]:
    """The parameters of a link to this screen: those of `parameters` that a link can carry."""
    return {name: text for name, text in parameters(screen).items() if len(text) <= LONGEST}


def parameters(screen: Screen) -> dict[str, str]:
    """All of a screen that is not as it is at first, as text of any length."""
    first = defaults(str(screen["run"])) | {"run": fields()["run"].default}
    chosen = {name: value for name, value in screen.items() if value != first[name]}
    if any(SECOND + name in chosen for name in CONFIG):
        chosen[SECOND + "run"] = screen[SECOND + "run"]
    shown = {name: str(int(value)) if isinstance(value, bool) else str(value) for name, value in chosen.items()}
    return {VERSIONED: VERSION, **shown}
