"""What a notebook shows of a store and of its summary."""

from collections.abc import Iterator

from analysis.findings import CellSummary, QuestionSummary, Summary
from analysis.reading import Results
from analysis.records import STATUSES
from demoscope.notebook import heading, page, percent, table


def results_html(results: Results) -> str:
    """What was asked of whom, and how the answers ended."""
    wave, reference = results.wave, results.reference
    state = f"{wave.started} to {wave.finished}" if wave.finished else f"{wave.started}, not finished"
    compared = f"compared with {reference.title} ({reference.year})" if reference else "no human reference"
    rows = []
    for cell in results.cells:
        respondents = results.respondents(cell)
        statuses = results.endings(cell, respondents).status
        rows.append((cell.name, len(respondents.ids), *(int((statuses == n).sum()) for n in range(len(STATUSES)))))
    return page(
        heading(f"Wave {wave.name}", wave.questionnaire, f"{state}; {compared}", "Synthetic answers, not people's."),
        table(("cell", "respondents", *STATUSES), rows),
    )


def summary_html(summary: Summary) -> str:
    """For every cell what it came to in words, and each option's share beside that of real people."""
    reference = summary.reference
    compared = f"{reference.title}, {reference.year}. {reference.source}" if reference else "No human reference."
    return page(
        heading(f"Wave {summary.wave}", summary.questionnaire, compared, "Synthetic answers, not people's."),
        *(part for cell in summary.cells for part in _cell(cell)),
    )


def _cell(cell: CellSummary) -> Iterator[str]:
    heard = f"{cell.heard:,} of {cell.respondents:,} respondents gave an answer that was understood."
    yield heading(cell.name, cell.opening, heard)
    columns = ("question", "answer", "simulated", "95 % interval", "people", "distance", "people of that number")
    yield table(columns, (row for question in cell.questions for row in _question(question)))


def _question(question: QuestionSummary) -> Iterator[tuple[object, ...]]:
    """A row an option, with the question's distance in the first; one row where it has no options."""
    measure = question.leading
    name = "W1" if question.w1 is not None else "JS"
    far = (f"{name} {measure.simulated:.3f}", f"up to {measure.sample.high:.3f}") if measure else ("", "")
    if not question.shares:
        number = question.number
        yield question.id, f"mean {number.mean.mean:.4g}" if number else "", "", "", "", *far
    for place, option in enumerate(question.shares):
        known = option.low is not None and option.high is not None
        yield (
            question.id if place == 0 else "",
            option.label,
            percent(option.simulated),
            f"{percent(option.low)} to {percent(option.high)}" if known else "",
            percent(option.human),
            *(far if place == 0 else ("", "")),
        )
