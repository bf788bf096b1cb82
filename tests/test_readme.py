"""The README runs as it is written, its tree is the tree, and recipes name files that there are."""

import re
from collections import Counter
from pathlib import Path
from statistics import mean, median

from mcviz import claims
from mcviz.claims import ladder
from mcviz.claims.declared import LONG
from mcviz.claims.lab import SEEDS, due, took

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(example, names)
    assert names["trace"].selected[-1].sum() == 2 * names["cfg"].top_k
    assert (tmp_path / "run.html").stat().st_size > 0


def test_the_tree_names_what_is_there_and_all_of_it():
    (tree,) = re.findall(r"```\n(mcviz/\n.*?)```", README, re.DOTALL)
    package = tree[: tree.index("app/")]
    named = set(re.findall(r"(?:^  |   )(\w+(?:\.py|/))", package, re.MULTILINE))
    modules = {path.name for path in (ROOT / "mcviz").glob("[a-z]*.py")}
    packages = {f"{path.parent.name}/" for path in (ROOT / "mcviz").glob("*/__init__.py")}
    assert modules | packages == named


def test_links_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_verdicts_are_those_of_the_board():
    pattern = r"Of the (\d+) claims on the board .*?, (\d+) hold .*?, (\d+) do not\s+hold, and (\d+) are"
    said = re.search(pattern, README)
    board = claims.board()
    counted = Counter(finding.verdict for finding in board)
    assert "on five seeds (three, where it needs models of width 512)." in README
    for finding in board:
        wide = any(settings.get("width") == 512 for settings, _ in finding.claim.conditions.values())
        assert {len(values) for values in finding.values.values()} == {3 if wide else 5}
    assert [*map(int, said.groups())] == [len(claims.CLAIMS), *(counted[verdict] for verdict in claims.VERDICTS)]


def test_how_long_the_runs_of_the_board_take_is_what_they_took():
    """The frontier and the ladder take two hours and more, as the help says; the ladder's runs on a GPU not counted."""
    small, *long = (took(due(None, SEEDS, family)) / 3600 / 2 for family in (None, *LONG))
    assert "makes its runs again in about an hour on two cores" in README
    assert 0.75 < small < 1.25
    assert sum(long) > 2


def test_the_numbers_of_the_frontier_are_those_of_its_runs():
    (said,) = re.findall(r"- Is it the caching.*?(?=\n- )", README, re.DOTALL)
    board = {finding.claim.name: finding.intervals for finding in claims.board()}
    conditions = (
        *(
            ("bytes", "RNN (1,944)"),
            ("bytes", "GRM (1,944)"),
            ("headline", "RNN, 72 × 54"),
            ("headline", "GRM, 24 × 8"),
        ),
        *(("grows", "RNN ×4"), ("grows", "GRM ×4")),
        *(("longer-bytes", "RNN ×4"), ("longer-reads", "SSC, k = 2 ×4"), ("longer-reads", "RNN ×4")),
        *(("topics", "GRM, 16 × 8"), ("topics", "RNN, 48 × 30")),
        *(("needle", "RNN, 64 × 36"), ("needle", "GRM, 16 × 8"), ("fenwick", "log-linear")),
    )
    means = [f"{board[f'frontier-{name}'][label].mean:.1%}" for name, label in conditions]
    values = {finding.claim.name: finding.values for finding in claims.board()}
    medians = [
        f"{median(values[f'frontier-{name}'][label]):.1%}"
        for name, label in (("bytes", "GRM (1,944)"), ("grows", "GRM ×4"), ("longer-reads", "SSC, k = 2 ×4"))
    ]
    assert re.findall(r"[\d.]+%", said) == [*means[:-5], *medians, *means[-5:]]


def test_the_gaps_on_the_ladder_are_those_of_its_runs():
    (said,) = re.findall(r"- As models and sequences grow together.*?(?=\n- )", README, re.DOTALL)
    board = claims.board(names=["ladder-bytes", "ladder-bytes-256", "ladder-bytes-512"])
    means = {label: average for finding in board for label, (average, _, _) in finding.intervals.items()}
    widths = (64, 128, 256, 512)
    near = [means[f"RNN, {width}"] - means[f"GRM, {width}"] for width in widths]
    far = [recalled_of_more("RNN", width) - recalled_of_more("GRM", width) for width in widths]
    routed = [means[f"GRM, {width}"] - means[f"SSC, {width}"] for width in widths[1:]]
    assert re.findall(r"\d+\.\d", said) == [f"{100 * gap:.1f}" for gap in (*near, *far, *routed)]
    assert [int(width) for width in re.findall(r"width\s+(64|128|256|512)", said)] == [*widths, *widths[1:], 64]
    small, *_, large = board
    assert max(small.values["GRM, 32"]) < 0.5
    assert sum(recalled < 0.9 for recalled in small.values["GRM, 64"]) == 1
    assert min(recall for label, recall in means.items() if label in ("RNN, 512", "GRM, 512")) > 0.99
    assert set(large.values) == {f"{name}, 512" for name in ("RNN", "SSC", "GRM", "attention")}


def recalled_of_more(name, width):
    """Of four times as many pairs, in the mean over seeds."""
    settings = ladder.rung(width // 32)[name]
    return mean(row["accuracy ×4, plain"] for row in claims.rows() if row["settings"] == settings)


def test_the_order_in_which_a_training_comes_to_be_right_is_that_of_its_runs():
    (said,) = re.findall(r"- In training, the gate.*?(?=\n- )", README, re.DOTALL)
    (finding,) = claims.board(names=["gate-first"])
    gate, answers, loss = (f"{finding.intervals[name][0]:.1%}" for name in ("gate", "answers", "loss"))
    assert answers == loss
    assert re.findall(r"[\d.]+%", said) == [gate, loss]


def test_the_sentence_beside_the_frontiers_picture_is_true():
    assert (
        "At that length no layer that caches recalls more than a\n  plain one that keeps as many bytes or fewer"
        in README
    )
    points = claims.points(claims.rows())
    plain = [point for point in points if point.kind == "RNN, linear memory"]
    cached = [point for point in points if point.settings["aggregator"] not in ("none", "attention")]
    assert all(
        any(one.spent[1].kept <= each.spent[1].kept and one.recall[1].mean >= each.recall[1].mean for one in plain)
        for each in cached
    )
    assert (
        "SSC with k = 2 recalls more, in the mean, than every plain\n  one that reads as many numbers or fewer"
        in README
    )
    (ssc,) = [point for point in points if point.name == "SSC 24 × 8, C = 8, k = 2"]
    as_few = [point for point in plain if point.spent[4].read <= ssc.spent[4].read]
    assert max(point.recall[4].mean for point in as_few) < ssc.recall[4].mean


def test_the_pictures_of_the_readme_are_there():
    drawn = re.findall(r'(?:srcset|src)="([^"]+)"', README)
    assert len(drawn) == 2
    assert [name for name in drawn if not (ROOT / name).exists()] == []


def test_a_recipe_names_files_that_there_are():
    _, recipes = CONTRIBUTING.split("## Recipes")
    steps = re.findall(r"^\d\. `([^`]+)`", recipes, re.MULTILINE)
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)+)`", CONTRIBUTING)
    assert set(steps) <= set(named)
    assert [name for name in named if not (ROOT / name).exists() and not name.startswith("runs/")] == []


def test_a_memory_rule_is_at_most_four_files():
    (rule,) = re.findall(r"\*\*A memory rule\*\*\n(.*?)\n\n", CONTRIBUTING, re.DOTALL)
    assert len(re.findall(r"^\d\. ", rule, re.MULTILINE)) <= 4
