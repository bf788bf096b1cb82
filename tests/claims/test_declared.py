from mcviz import watch
from mcviz.claims import CLAIMS, EXACT, FAMILIES, rows, told
from mcviz.claims.claim import labels
from mcviz.claims.identities import IDENTITIES
from mcviz.claims.trials import TRAINING, TRIALS
from mcviz.config import MCConfig
from mcviz.training import plan


def test_every_family_has_claims_in_its_order():
    assert list(dict.fromkeys(claim.family for claim in CLAIMS.values())) == list(FAMILIES)


def test_every_identity_is_claimed():
    assert [claim.name for claim in CLAIMS.values() if claim.family == EXACT] == list(IDENTITIES)


def test_every_condition_can_be_run():
    for claim in CLAIMS.values():
        for settings, measure in claim.conditions.values():
            trial = settings.get("trial", TRAINING)
            assert trial in TRIALS
            assert measure
            if trial == TRAINING:
                plan(**settings, seed=0)


def test_no_two_conditions_are_one_setting_in_two_spellings():
    """The same model under two spellings would be trained twice, and could be compared with itself."""
    plans = {}
    for claim in CLAIMS.values():
        for settings, _ in claim.conditions.values():
            if "trial" not in settings:
                plans.setdefault(repr(plan(**settings, seed=0)), []).append(settings)
    assert all(settings == same[0] for same in plans.values() for settings in same)


def test_every_claim_is_said_in_full_and_rests_on_what_is_measured():
    for claim in CLAIMS.values():
        assert any(labels(side) for step in claim.rule for side in (step.left, step.right)), claim.name
        assert claim.statement.endswith("."), claim.name
        assert claim.reported_as or not claim.reported, claim.name


def test_most_claims_ask_for_pairs_as_the_board_says():
    tasks = [{of.settings.get("task") for of in claim.conditions.values()} for claim in CLAIMS.values()]
    assert "Most claims ask for pairs" in told(rows())
    assert sum("mqar" in each for each in tasks) > len(CLAIMS) / 2


def test_a_run_to_watch_is_one_that_can_be_run():
    for claim in CLAIMS.values():
        if claim.run:
            changes = {name: value for name, value in claim.run.items() if name != "run"}
            cfg = watch.config(claim.run["run"])
            trace = watch.run(watch.Sitting(claim.run["run"], MCConfig.from_dict({**cfg.to_dict(), **changes})))
            assert trace.T, claim.name
