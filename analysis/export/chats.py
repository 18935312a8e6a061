"""Chats: every exchange as messages, one JSON object a line, for reading or fine-tuning."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from analysis.export.provenance import Provenance
from analysis.export.withholding import hashed
from analysis.reading import Results
from demoscope.errors import DocumentError


def chats(results: Results, provenance: Provenance, key: bytes | None) -> Iterator[str]:
    """Lines of JSON: what was said to a model and its last reply, with whose interview it is and how it ended.

    Parameters
    ----------
    key : bytes, optional
        With it, prompts are replaced by hashes: they tell of restricted people.

    Raises
    ------
    DocumentError
        If the wave kept only hashes of its prompts.
    StoreError
        If the store is damaged.
    """

    @lru_cache(maxsize=100_000)
    def body(text_id: str) -> str:
        text = results.body(text_id)
        if text is None:
            raise DocumentError(
                f"{results.path}: its wave kept hashes of the prompts alone (store_prompts: hash), so there are no "
                "chats to write. Write answers instead: -o answers.csv."
            )
        return hashed(text, key) if key is not None else text

    for chunk in results.chunks(_SQL, 2000):
        for cell, model, subject, step, ordinal, question, prompt, reply, status in chunk:
            messages: list[dict[str, Any]] = [
                {"role": role, "content": body(text_id)} for role, text_id in json.loads(prompt)
            ]
            about = {
                "synthetic": True,
                "wave": f"{provenance.wave} ({provenance.id})",
                "cell": cell,
                "model": model,
                "subject": subject,
                "step": step,
                "ordinal": ordinal,
                "question": question,
                "status": status,
            }
            line = {"messages": [*messages, {"role": "assistant", "content": reply}], **about}
            yield json.dumps(line, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"


_SQL = """SELECT c.name, m.name, e.subject_id, e.step, e.ordinal, q.name, e.prompt, t.text,
(SELECT a.status FROM answer_sources s JOIN answers a USING (respondent_id, question_id, method, replicate)
 WHERE s.respondent_id = e.subject_id AND (s.cell_id, s.subject_id, s.step, s.ordinal)
 = (e.cell_id, e.subject_id, e.step, e.ordinal) LIMIT 1)
FROM exchanges e JOIN cells c ON c.id = e.cell_id JOIN models m ON m.id = c.model_id
LEFT JOIN questions q ON q.id = e.question_id
JOIN attempts t USING (cell_id, subject_id, step, ordinal)
WHERE t.text IS NOT NULL AND t.attempt = (SELECT max(attempt) FROM attempts l WHERE
(l.cell_id, l.subject_id, l.step, l.ordinal) = (e.cell_id, e.subject_id, e.step, e.ordinal))
ORDER BY e.cell_id, e.subject_id, e.step, e.ordinal"""
