"""How questions were shown whose answers were understood."""

from collections.abc import Sequence

from analysis.reading import Results
from analysis.records import Cell


def choices_as_shown(results: Results, cell: Cell) -> list[tuple[int, int, int, str, int, int]]:
    """How every understood choice of a cell was shown.

    Rows of respondent id, question id, code chosen, presentation (JSON), place of the question in the respondent's
    interview, and last place in it; several choices of one answer are several rows.
    """
    rows: list[tuple[int, int, int, str, int, int]] = results.rows(
        """WITH placed AS (
            SELECT s.respondent_id, s.question_id, s.method, s.replicate,
                   min(iif(s.step IN ('again', 'rewrite'), s.ordinal / 100, s.ordinal)) + min(s.place) AS place
            FROM respondents r JOIN answer_sources s ON s.respondent_id = r.id
            WHERE r.cell_id = ? AND s.method = ? GROUP BY 1, 2, 3, 4
        )
        SELECT p.respondent_id, p.question_id, o.code, a.presentation, p.place,
               max(p.place) OVER (PARTITION BY p.respondent_id)
        FROM placed p JOIN answers a USING (respondent_id, question_id, method, replicate)
        JOIN answer_options o USING (respondent_id, question_id, method, replicate)
        WHERE a.status = 'answered' ORDER BY p.respondent_id, p.place""",
        (cell.id, results.method(cell)),
    )
    return rows


def answers_as_shown(
    results: Results, cell: Cell, questions: Sequence[str]
) -> list[tuple[int, str, str, int | None, float | None]]:
    """Understood answers to some questions, a row a chosen option: respondent, question, how it was shown (JSON),
    code, number; the code is ``None`` where no option was chosen.
    """
    marks = ", ".join("?" * len(questions))
    rows: list[tuple[int, str, str, int | None, float | None]] = results.rows(
        f"""SELECT a.respondent_id, q.name, a.presentation, o.code, a.value
        FROM respondents r JOIN answers a ON a.respondent_id = r.id JOIN questions q ON q.id = a.question_id
        LEFT JOIN answer_options o USING (respondent_id, question_id, method, replicate)
        WHERE r.cell_id = ? AND a.method = ? AND a.status = 'answered' AND q.name IN ({marks})
        ORDER BY a.respondent_id, q.id, a.replicate""",
        (cell.id, results.method(cell), *questions),
    )
    return rows
