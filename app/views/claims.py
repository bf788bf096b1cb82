"""Do the numbers hold up? Every claim with its verdict; each opens to what it rests on."""

import streamlit as st

from app import frontier, runs, screen, stepping
from app.sheet import sheet
from app.words import plain
from mcviz import claims, figures, link, watch, words
from mcviz.claims import Finding, Step

COLOURS = {"holds": "green", "does not hold": "red", "not decidable at this scale": "gray", "not run": "orange"}
EVERY = ""
NAMED = "claims:named"
"""The claim that a link named, when the session began or by Back or Forward: it comes first from then on."""


def page() -> None:
    """The page."""
    stepping.title("Do the numbers hold up?")
    board = runs.board()
    st.markdown(plain(words.verdicts([one.verdict for one in board])))
    verdict, family = chosen(board)
    named = lead(board)
    for one in board:
        if one.claim.name == named:
            opening(one)  # a link that names a claim leads to it
    if not verdict and family in (EVERY, claims.FRONTIER):
        frontier.draw(board)
    st.caption(claims.told(runs.rows()))
    found = [
        one
        for one in board
        if verdict in (EVERY, one.verdict) and family in (EVERY, one.claim.family) and one.claim.name != named
    ]
    if not found:
        st.info("No claim of this kind has that verdict.")
    for name in dict.fromkeys(one.claim.family for one in found):
        st.markdown(f"#### {name}")
        for one in found:
            if one.claim.family == name:
                opening(one)
    st.caption(f"Every number comes from stored runs with seeds. To make them all again: `{claims.SHELL}`")


def lead(board: list[Finding]) -> str:
    """The claim to lead with. Where the reader came by Back or Forward, it alone is open, as in the address."""
    if NAMED not in st.session_state or screen.went():
        st.session_state[NAMED] = screen.get("claim")
        for one in board:
            st.session_state[f"claim:{one.claim.name}"] = one.claim.name == screen.get("claim")
    return str(st.session_state[NAMED])


def chosen(board: list[Finding]) -> tuple[str, str]:
    """Which verdict and which family to show, with how many there are of each."""
    count = {verdict: sum(one.verdict == verdict for one in board) for verdict in claims.VERDICTS}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        verdict = st.segmented_control(
            "Verdict",
            link.fields()["verdict"].choices,
            format_func=lambda name: f"{words.SIGNS[name]} {name} ({count[name]})" if name else f"All ({len(board)})",
            key=screen.key("verdict"),
            required=True,
        )
        family = st.selectbox(
            "About",
            link.fields()["family"].choices,
            format_func=lambda name: name or "Everything",
            key=screen.key("family"),
            width=240,
        )
    return str(verdict), str(family)


def opening(finding: Finding) -> None:
    """One claim: shut, its verdict and its words; open, what it rests on."""
    claim = finding.claim
    key = f"claim:{claim.name}"
    if key not in st.session_state:  # the page was left meanwhile
        st.session_state[key] = screen.get("claim") == claim.name
    badge = f":{COLOURS[finding.verdict]}-badge[{words.SIGNS[finding.verdict]} {finding.verdict}]"
    shut = st.expander(
        f"{badge} {plain(claim.statement)}",
        key=key,
        on_change=remember,
        args=(claim.name,),
    )
    if shut.open:
        with shut:
            details(finding)


def remember(name: str) -> None:
    """The claim that was opened last goes into the link."""
    screen.put(claim=name if st.session_state[f"claim:{name}"] else "")


def details(finding: Finding) -> None:
    """The evidence, the rule, the paper's own numbers, and one run to watch."""
    claim, theme = finding.claim, stepping.theme()
    n = len(finding.seeds)
    sequences = sorted({claims.sequences(condition) for condition in claim.conditions.values()} - {0})
    each = f", each on {' or '.join(map(str, sequences))} fresh sequences" if sequences else ""
    st.markdown(plain(f"{words.origin(claim.source)}. Measured: {claim.measured}; {n} seeds{each}."))
    if not finding.steps:
        st.info("The runs for this claim are not there yet.")
        return
    ours, beside = st.columns([3, 2], gap="medium")
    with ours:
        st.markdown("**What our runs say** – a ring for each seed, and the mean with its 95 % interval")
        stepping.chart(figures.evidence(finding, theme), f"Measured: {claim.name}")
        if claim.family != claims.EXACT:
            st.markdown("**What decides** – differences with the same seed, so the same sequences")
            stepping.chart(figures.comparisons(finding, theme), f"What decides: {claim.name}")
    with beside:
        st.markdown(f"**The rule.** {plain(words.fixed(claim.seen))}")
        st.markdown(
            "\n".join(f"- {decided(step)}" for step in finding.steps)
            + "\n\nA comparison holds if the whole interval lies where it says, does not hold if none of it does, and "
            "is undecided otherwise. The claim holds if all of them do."
        )
        if finding.control:
            said = "; ".join(map(decided, finding.control))
            st.markdown(f"Only where this holds, too, is anything decided: {said}.")
        if margins := sorted({step.comparison.by for step in finding.steps if step.comparison.relation == "<"} - {0}):
            by = margins[-1]
            st.caption(
                f"“Lies below by more than {by:g}”: for each seed the second minus the first is taken, and the 95 % "
                f"interval of their mean has to lie wholly above {by:g}. A smaller difference does not matter here."
            )
        measured(finding)
        if claim.reported:
            st.markdown("**What the paper reports, at its scale**")
            stepping.chart(figures.reported(finding, theme), f"In the paper: {claim.name}")
        else:
            st.caption("The paper reports no number for this.")
        if claim.remark:
            st.caption(plain(claim.remark))
        st.caption(f"To make these runs again: `{claims.SHELL} {claim.name}`")
        one_run(finding)


def decided(step: Step) -> str:
    """A comparison, its verdict and what gave it."""
    return f"{plain(str(step.comparison))}: **{step.verdict}**; {words.second_less_first(step.interval)}"


def measured(finding: Finding) -> None:
    """Each condition in numbers, and the stored rows that they come from."""
    sheet(words.measured(finding.intervals))
    st.download_button(
        "The stored rows (.jsonl)",
        lambda: runs.stored(finding.claim),
        f"{finding.claim.name}.jsonl",
        "application/jsonl",
        icon=":material/download:",
        key=f"rows:{finding.claim.name}",
        on_click="ignore",
    )


def one_run(finding: Finding) -> None:
    """A way to one run of the kind that the claim is about."""
    run = finding.claim.run
    if run.get("run") not in watch.names():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        button = f"watch:{finding.claim.name}"
        if st.button("Watch one run", icon=":material/visibility:", key=button, on_click=take, args=(finding,)):
            screen.go("Explore")
        st.badge(stepping.EXAMPLE, icon=":material/looks_one:", color="gray", help=stepping.ONE)


def take(finding: Finding) -> None:
    """Choose the run of a claim."""
    run = finding.claim.run
    kept = {name: screen.get(name) for name in screen.KEPT}
    screen.put(**link.defaults(str(run["run"])) | dict(run) | kept | {"claim": finding.claim.name})
