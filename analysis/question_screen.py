"""One question on the terminal: how it was answered, and how far that is from real people."""

import re

from rich.console import Console
from rich.text import Text

from analysis.findings import Mean, OptionShares, QuestionSummary
from analysis.ink import bar, distance, percent, words
from analysis.layout import FAINT, HUMAN, SIMULATED, WIDEST, spread, verdict

LISTED = 20
"""Options of one question that are listed; of more, those that were given most."""

_INSERTED = re.compile(r"\{\{\s*([^}|]*?)\s*(?:\|[^}]*)?\}\}")


def show_question(question: QuestionSummary, console: Console, width: int) -> None:
    """Write how one question was answered, and how far that is from real people."""
    console.print(Text.assemble(words(question.id, style="bold"), "  ", words(_named(question.text))), width=width)
    counts = f"{question.n_simulated:,} simulated"
    if question.n_human:
        counts += f", {question.n_human:,.0f} real"
    left = question.statuses.refused + question.statuses.invalid + question.statuses.failed
    for n, name in ((left, "not understood"), (question.n_nonresponse, "don't know")):
        counts += f"; {n:,} {name}" if n else ""
    if question.n_human_left_out:
        counts += f"; {question.n_human_left_out:,.0f} real without an answer"
    console.print(words(f"  {counts}", style=FAINT), width=width)
    _number(question, console, width)
    _shares(question, console, width)
    if question.not_compared:
        console.print(Text(f"  Not compared: {question.not_compared}."), width=width)
    else:
        _measures(question, console, width)


def _shares(question: QuestionSummary, console: Console, width: int) -> None:
    if not question.shares:
        return
    both = any(share.human is not None for share in question.shares)
    listed, left = _listed(question)
    longest = max(words(share.label).cell_len for share in listed)
    label = min(longest, width // 3)
    cells = (width - label - 4 - (16 if both else 8)) // (2 if both else 1)
    cells = min(cells, 30)
    most = sum(share.points.mean for share in question.shares if share.points)
    for share in listed:
        name = words(share.label, label)
        name.pad_right(label - name.cell_len)
        if question.kind in ("ranking", "allocation"):
            said, part = _more(share, most)
            line = Text.assemble("  ", name, "  ", (said, SIMULATED))
            if width - line.cell_len > 8:
                line.append(" " + bar(part, min(30, width - line.cell_len - 1)), style=SIMULATED)
            line.rstrip()
            console.print(line, width=width, no_wrap=True)
            continue
        line = Text.assemble("  ", name, "  ", (percent(share.simulated), SIMULATED), " ")
        line.append(bar(share.simulated, cells), style=SIMULATED)
        if both:
            line.append("   ").append(percent(share.human), style=HUMAN)
            line.append(" ").append(bar(share.human, cells), style=HUMAN)
        line.rstrip()
        console.print(line, width=width, no_wrap=True)
    if left:
        total = sum(_weight(share) for share in question.shares)
        rest = sum(_weight(share) for share in left) / total if total else 0.0
        what = {"ranking": "first places", "allocation": "points"}.get(question.kind, "simulated choices")
        line = words(f"  … {len(left):,} more options, {rest:.1%} of the {what}; all are in --json.")
        console.print(line, width=width)


def _measures(question: QuestionSummary, console: Console, width: int) -> None:
    leading = question.leading
    for name, m in (("W1", question.w1), ("KL", question.kl), ("JS", question.js)):
        if m is None:
            continue
        line = Text(f"  {name} ").append(f"{distance(m.simulated):<5}", style=f"bold {SIMULATED}")
        line.append(f"  uniform {distance(m.uniform):<5}  majority {distance(m.majority):<5}  ")
        line.append(f"humans {spread(m.sample):<19}", style=HUMAN)
        if width >= WIDEST and m.halves:
            line.append(f"  halves {distance(m.halves.median)}", style=HUMAN)
        if m is leading:
            line.append("  ").append_text(verdict(m))
        line.rstrip()
        console.print(line, width=width, no_wrap=True)


def _named(text: str) -> str:
    """A wording with the names of the answers that it inserts, which differ from respondent to respondent.

    >>> _named("You gave {{ money | nothing }}. Why?")
    'You gave [money]. Why?'
    """
    return _INSERTED.sub(r"[\1]", text)


def _number(question: QuestionSummary, console: Console, width: int) -> None:
    if (found := question.number) is None:
        return
    what = "mean" if question.kind == "number" else "mean score"
    line = Text.assemble(f"  {what} ", (_interval(found.mean), SIMULATED), f"  median {found.median:,.6g}")
    line.append(f"  from {found.least:,.6g} to {found.most:,.6g}")
    console.print(line, width=width)


def _interval(found: Mean) -> str:
    """A mean, with its 95 % interval where there is one."""
    ends = f" ({found.low:,.4g}–{found.high:,.4g})" if found.low is not None and found.high is not None else ""
    return f"{found.mean:,.4g}{ends}"


def _more(share: OptionShares, points: float) -> tuple[str, float | None]:
    """What ranks or points of an option come to, and the part of the whole that its bar shows."""
    if share.points is not None:
        return f"{_interval(share.points)} points", share.points.mean / points if points else None
    if share.rank is not None:
        return f"first {percent(share.first)}, mean rank {_interval(share.rank)}", share.first
    return "not named", None


def _weight(share: OptionShares) -> float:
    """How much an option was given, to list those that were given most."""
    if share.points is not None:
        return share.points.mean
    return (share.simulated if share.first is None else share.first) or 0.0


def _listed(question: QuestionSummary) -> tuple[list[OptionShares], list[OptionShares]]:
    """The options that are listed and those that are left out, both in the order of the questionnaire."""
    ordered = sorted(question.shares, key=lambda share: (-_weight(share), -(share.human or 0.0)))
    kept = {share.code for share in ordered[:LISTED]}
    listed = [share for share in question.shares if share.code in kept]
    return listed, [share for share in question.shares if share.code not in kept]
