"""The stops of the tour: what each asks, what may be answered, what it tells then, and what it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcviz import link

CACHED, PLAIN, ROUTED = "topics-grm", "topics-rnn", "topics-ssc"
"""Models of one task: with gates, trained as a plain recurrent network, and with a router."""


@dataclass(frozen=True)
class Stop:
    """A place of the tour: a question, what may be answered, and what is told then; and what is on screen.

    `tells` may name what `numbers` finds in the run: `{right}`.
    """

    title: str
    asks: str
    options: tuple[str, ...]
    answer: int  # which of them the run shows to be right
    tells: str
    spotlight: str = ""  # the part of the stepper that is spoken of
    hides: str = ""  # what of it is not shown before the reader has answered
    picture: str = ""  # "write", "fading", "dial", or the stepper alone
    run: str = CACHED
    choices: Mapping[str, link.Value] = field(default_factory=dict)
    reveals: Mapping[str, link.Value] = field(default_factory=dict)  # what is chosen when the reader has answered


STOPS = (
    Stop(
        "A network that asks",
        "Eight short documents, then questions, word by word (*tokens*). The marked one ends a question, **fox pink** "
        "…?, and the network’s prediction stands below. (It is another network than on the first page, without a "
        "router: that one returns at stop {router}.) Can it look the answer up in the words?",
        ("Yes, it sees them all", "No, only in its memory"),
        1,
        "A recurrent network reads a word once, and keeps what its memory holds. Document 3 said “fox pink **vase**” "
        "(★). Of {asked} questions here, this network answers {right} right. How?",
        spotlight="tokens",
    ),
    Stop(
        "One write",
        "A memory is a table of numbers, all zero at first. A token adds to it each number of its *value* (what to "
        "keep, left) times each of its *key* (the name to find it by, above), both as this network learned them. "
        "Orange is above zero, blue below. Asked with that key, it gives the green bars. What are they?",
        ("The value", "The key", "Neither"),
        0,
        "The value of “{stored}”, {strength:.3g} times as long, by the key’s length squared (both are drawn equally "
        "long), in the same shape: their *cosine* is {likeness:.2f}. "
        "(Of lists that have nothing in common it is 0.) Write M ← M + v kᵀ, read M k: that is a memory.",
        picture="write",
    ),
    Stop(
        "Forgetting",
        "Every token that follows adds its own pair to the **same** matrix. Move the slider. After how many pairs is "
        "“vase” no longer what it gives back?",
        ("Fewer than 10", "10 to 50", "More than 50"),
        1,
        "With {lost} pairs another value, “{instead}”, is nearer for the first time (cosine with “{stored}”: "
        "{then:.2f}). Nothing was deleted: the other pairs drown it. With {length}, as many as a document has, it was "
        "the nearest still (cosine {within:.2f}). The line shows how, pair after pair.",
        picture="fading",
    ),
    Stop(
        "A plain recurrent network",
        "Another network was trained with one such memory and nothing else. Look at its prediction for “fox pink”. Of "
        "{asked} questions, how many does it answer right?",
        ("None", "About a third", "Nearly all"),
        1,
        "{right} of {asked}: the low green marks in the strip under the words. The high red ones are wrong; here it "
        "says “{said}”. Training taught it to write what will be asked for, but {tokens} tokens share one matrix.",
        spotlight="tokens",
        hides="marks",
        run=PLAIN,
    ),
    Stop(
        "Checkpoints",
        "Memory Caching, in the first network again: after every {length} tokens (a *segment*) keep a copy of the "
        "memory, a *checkpoint*, and start with an empty one. How many memories can **fox pink** read?",
        ("1", "9", "129"),
        1,
        "{kept} checkpoints, one for each document, and the *online* memory that it is writing now "
        "(dotted). None of them has to hold more than {length} pairs, and that they can: of the {pairs} facts that are "
        "asked for later, {home} come back right, by their own keys, from the checkpoint of their document.",
        spotlight="checkpoints",
        hides="memories",
    ),
    Stop(
        "The gate",
        "The *gate* compares what the token looks for with what each memory holds (its *relevance*), and gives each a "
        "share: all shares sum to one. Which memory gets most?",
        ("Checkpoint 0", "Checkpoint 3", "The online memory"),
        1,
        "Checkpoint {first}, {gate}: the document about the fox. What it says becomes the output, and the network "
        "says “{said}”. {unheard}",
        spotlight="gates",
        hides="gates",
    ),
    Stop(
        "All memories alike",
        "Take the gates away: every memory counts in full, 1.000 each. Does it still answer?",
        ("As before", "About half", "Not at all"),
        2,
        "{right} of {asked} right. For a linear memory the sum of all memories *is* one memory of everything. These "
        "weights were trained with gates, so they do even worse than the plain network ({plain} of {asked}), which "
        "learned to live without.",
        spotlight="gates",
        hides="answers",
        choices={"aggregator": "residual"},
    ),
    Stop(
        "A router",
        "Reading every copy costs more as text grows. In another model, that of the first page, a *router* opens only "
        "{k} checkpoints, and the others are not read at all. How many stay shut here?",
        ("None", "2", "6"),
        2,
        "It took checkpoints {taken} of {kept}, as their *relevance*, the bar under each, is highest. With the online "
        "memory it reads {few} where gates alone read {many}, and answers {right} of {asked} questions right.",
        spotlight="memories",
        hides="routes",
        run=ROUTED,
    ),
    Stop(
        "The dial",
        "The length of a segment is a dial from a plain recurrent network (one segment) to attention (one token each). "
        "These weights learned with 16. What happens with 48, three documents in a copy?",
        ("Nothing", "Half the answers fail", "All fail"),
        1,
        "Longer segments mix documents up; shorter ones cut them apart. Turn the dial. Either end asks for weights "
        "that learned with it: those of stop {alone}, which learned with a single memory, answer {plain} of {asked}.",
        spotlight="all",
        picture="dial",
        reveals={"segment_length": 48},
    ),
    Stop(
        "Your turn",
        "A **memory** is a matrix that tokens add to. It **forgets**, as all that it holds lies in the same numbers. A "
        "**checkpoint** is a copy of it that nothing is added to. A **gate** says how much each counts, a **router** "
        "which are opened at all. Is it only more memory? Over {seeds} seeds, a plain layer that keeps as many bytes "
        "answers {larger:.1%} of such questions right, one with checkpoints and gates {gated:.1%}; on bare pairs "
        "(MQAR) the plain layer is ahead. What next?",
        (),
        -1,
        "",
        spotlight="all",
    ),
)
