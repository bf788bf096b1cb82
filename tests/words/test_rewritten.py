"""Sentences on an edit, beside the runs that they speak of."""

import re
from dataclasses import replace

import numpy as np
import pytest

from mcviz import link, watch, words
from mcviz.changes import Delete, Insert, Replace
from mcviz.reference.contribution import shares
from mcviz.tasks import shelf
from mcviz.watch import Sitting
from mcviz.words import accuracy
from mcviz.words.share import percent

pytestmark = pytest.mark.skipif("topics-ssc" not in watch.names(), reason="no trained model is here")
TOKENS = tuple(["fox", "fox", "red", "axe", "so", "and", "fox", "red", "then", "fox", "fox", "red"])
TOLD = r"After token (\d+) “(\w+)” the model said “(\w+)” \(([\d.]+)\) and says “(\w+)” \(([\d.]+)\); (.*?)\."
FIRST = Sitting("topics-ssc", tokens=TOKENS)


@pytest.fixture(scope="module")
def first():
    return watch.run(FIRST)


@pytest.mark.parametrize("change", [Replace(3, "bag"), Replace(7, "blue"), Insert(5, "now"), Delete(4), Delete(7)])
def test_every_number_is_one_of_the_runs(first, change):
    sitting = FIRST.edited(change)
    after = watch.run(sitting)
    origin = watch.origin(sitting)
    said = words.rewritten(first, after, origin)
    was, now = accuracy(first), accuracy(after)
    assert f"Before, {was[0]} of {was[1]} answers were right; now {now[0]} of {now[1]} are." in said
    scale = np.sqrt(np.mean(first.output**2))
    far = [
        t
        for t, o in enumerate(origin)
        if o >= 0 and np.sqrt(np.mean((after.output[t] - first.output[o]) ** 2)) > 1e-4 * scale
    ]
    assert re.match(rf"{len(far)} tokens? ha(s|ve) another output than before, first token {far[0]} “", said)
    told = re.findall(TOLD, said)
    for t, word, old, p, new, q, right in told:
        t, o = int(t), origin[int(t)]
        assert after.tokens[t] == word
        assert (first.predictions.tokens[o][0], after.predictions.tokens[t][0]) == (old, new)
        likely = first.predictions.probabilities[o, 0], after.predictions.probabilities[t, 0]
        assert [f"{each:.3f}" for each in likely] == [p, q]
        wanted = first.predictions.targets[o], after.predictions.targets[t]
        assert all(f"“{each}”" in right for each in wanted if each)
        assert ("no answer" in right) == (not wanted[1])
    changed = sum(
        (first.predictions.targets[o], first.predictions.tokens[o][0])
        != (after.predictions.targets[t], after.predictions.tokens[t][0])
        for t, o in enumerate(origin)
        if o >= 0 and (first.predictions.targets[o] or after.predictions.targets[t])
    )
    assert len(told) == min(3, changed)


def test_the_same_run_is_the_same(first):
    said = words.rewritten(first, first, range(first.T))
    assert said.startswith("Every token has the same output as before. Before, ")


def test_runs_that_do_not_fit_are_refused(first):
    with pytest.raises(ValueError, match="origin: expected 12 tokens, got 3"):
        words.rewritten(first, first, (0, 1, 2))
    with pytest.raises(ValueError, match="origin: expected a whole number from -1 to 11, got 12"):
        words.rewritten(first, first, range(1, 13))


def test_replies_are_what_the_model_says(first):
    columns = words.replies(first, [7, 11])
    said = first.predictions
    assert columns["Question"] == ["fox red", "fox red"]
    assert columns["Answer"] == [said.tokens[t][0] for t in (7, 11)]
    assert columns["Probability"] == [f"{said.probabilities[t, 0]:.3f}" for t in (7, 11)]
    assert columns[""] == ["✓ right" if said.tokens[t][0] == "axe" else "✗ wrong: axe" for t in (7, 11)]
    for t, cell in zip((7, 11), columns["Most of the output"], strict=True):
        assert cell.startswith(f"{percent(np.abs(shares(first)[t, 0]).max())} from ")
        assert ("stands" in cell) == (said.tokens[t][0] not in TOKENS[: t + 1])


def test_a_reply_comes_from_what_adds_most_and_not_from_the_largest_gate():
    run = watch.run(Sitting("topics-ssc", tokens=shelf.parse(link.LIBRARY).tokens()))
    t, now = 65, 4
    assert run.segment_of[t] == now
    weights, reads, output = np.zeros_like(run.weights), np.zeros_like(run.reads), np.zeros_like(run.output)
    weights[t, 0, [0, now]] = 0.4, 0.6
    reads[t, 0, [0, now], 0] = 5.0, -1 / 6  # 2 and -0.1 of 1.9
    output[t, 0, 0] = 1.9
    selected = run.selected & (np.arange(run.T) != t)[:, None, None]
    selected[t, 0, 0] = True
    tilted = replace(run, weights=weights, reads=reads, selected=selected, output=output)
    assert words.replies(tilted, [t])["Most of the output"] == ["105\u00a0% from checkpoint 0 (“fox …”)"]
    said = words.found(tilted, t)
    assert "gave most weight, 0.600, to the words it is reading now" in said
    assert "Yet most of the output, 105\u00a0%, comes from checkpoint 0." in said
    assert "Yet" not in words.found(run, t)


def test_a_wrong_reply_is_told_beside_the_right_one(first):
    wanted = replace(first.predictions, targets=tuple("bag" if target else "" for target in first.predictions.targets))
    assert words.replies(replace(first, predictions=wanted), [7])[""] == ["✗ wrong: bag"]


def test_a_reply_to_what_no_document_says():
    run = watch.run(Sitting("topics-rnn", tokens=(*TOKENS, "eel", "red")))
    columns = words.replies(run, [13], stated={13: []})
    assert columns[""] == ["— no document says it, and the model cannot say so"]
    assert columns["Most of the output"] == ["one memory, and no checkpoint"]
    assert words.replies(run, [13])[""] == ["— no one answer is known"]


def test_a_reply_is_judged_by_all_that_documents_say():
    documents = "cat: red hat; CAT: RED  boot, blue cup, blue cup; dog: blue axe; cat: red hat"
    written = shelf.parse(f"{documents}; ? cat red; ? cat blue; ? dog red")
    run = watch.run(Sitting("topics-ssc", tokens=written.tokens()))
    twice, once, never = stated = written.stated()
    said = list(run.predictions.tokens)
    for t, word in zip(stated, ("hat", "cup", "axe"), strict=True):
        said[t] = (word, *said[t][1:])
    hat = replace(run, predictions=replace(run.predictions, tokens=tuple(said)))
    assert words.replies(hat, [twice, once, never], stated=stated)[""] == [
        "± said differently: hat (documents 0 and 3), boot (document 1)",
        "✓ right",
        "— no document says it, and the model cannot say so",
    ]
    said[twice], said[once] = ("cup", *said[twice][1:]), ("hat", *said[once][1:])
    cup = replace(run, predictions=replace(run.predictions, tokens=tuple(said)))
    assert words.replies(cup, [twice, once], stated=stated)[""] == [
        "✗ wrong: hat (documents 0 and 3), boot (document 1)",
        "✗ wrong: cup",
    ]


def test_a_reply_says_where_the_answer_does_not_stand(first):
    said = list(first.predictions.tokens)
    said[11] = ("vase", *said[11][1:])
    vase = replace(first, predictions=replace(first.predictions, tokens=tuple(said)))
    assert words.replies(vase, [11])["Most of the output"][0].endswith(", where no “vase” stands")
