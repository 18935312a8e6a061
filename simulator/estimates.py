"""Tokens and money of calls that are not made yet, as ranges: counted by the endpoint in a pilot, or by thumb."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demoscope.documents import Document
from demoscope.errors import StoreError
from demoscope.store_file import read_only

FEWEST = 20
"""Calls that a pilot must have made before its counts are used."""

PLAIN = (5.0, 3.0)
"""Characters of Latin text for a token, at best and at worst, with the vocabularies of today's models."""

DENSE = (2.0, 0.7)
"""The same for other scripts."""

USUAL = (4.0, 1.0)
"""Characters for a token in between, of Latin text and of other scripts."""

TURN = (3.0, 8.0)
"""Tokens that mark a turn."""

SHORTEST_REPLY = 4.0
"""Tokens of a reply that says nothing but a number."""


class Range(Document):
    """From the least that is likely to the most."""

    low: float
    high: float

    def times(self, factor: float) -> "Range":
        """The range of so many."""
        return Range(low=self.low * factor, high=self.high * factor)


class Money(Range):
    """A range of money."""

    currency: str
    """ISO 4217 code."""


@dataclass(frozen=True)
class Pilot:
    """What calls of a cell have used so far, as the endpoint counted.

    Tries that failed are included, and what was asked again is part of the call that it followed.
    """

    calls: int
    """Calls, what was asked again not counted."""
    prompt: Range
    """Prompt tokens a call."""
    cached: float
    """Part of the prompt tokens that was in the provider's cache, in [0, 1]."""
    reply: Range
    """Reply tokens a call, reasoning included."""


def prompt_tokens(texts: list[str]) -> Range:
    """Tokens of a prompt by rule of thumb.

    >>> prompt_tokens(["Is the country spending too little on parks?"])  # doctest: +ELLIPSIS
    Range(low=11.8, high=22.6...)
    """
    plain = sum(map(_latin, texts))
    dense = sum(map(len, texts)) - plain
    low, high = (plain / PLAIN[which] + dense / DENSE[which] + TURN[which] * len(texts) for which in (0, 1))
    return Range(low=low, high=high)


def text_tokens(text: str) -> float:
    """Tokens of a text by rule of thumb, as one number.

    >>> text_tokens("Is it so?"), text_tokens("您怎么看")
    (2.25, 4.0)
    """
    plain = _latin(text)
    return plain / USUAL[0] + (len(text) - plain) / USUAL[1]


def _latin(text: str) -> int:
    return sum(letter < "\u0250" for letter in text)


_PILOTS = """WITH exchanged AS (
    SELECT cell_id, subject_id, question_id, step <> 'again' AS first, sum(prompt_tokens) AS prompt,
           sum(completion_tokens) AS reply, coalesce(sum(cached_tokens), 0) AS cached
    FROM attempts JOIN exchanges USING (cell_id, subject_id, step, ordinal)
    WHERE applied ->> '$.shared_with' IS NULL
    GROUP BY cell_id, subject_id, step, ordinal
    HAVING prompt > 0 AND reply IS NOT NULL
), asked AS (
    SELECT cell_id, sum(first) AS calls, sum(prompt) * 1.0 / sum(first) AS prompt,
           sum(reply) * 1.0 / sum(first) AS reply, sum(cached) * 1.0 / sum(first) AS cached
    FROM exchanged GROUP BY cell_id, subject_id, question_id HAVING sum(first) > 0
)
SELECT c.name, sum(calls), count(*), avg(prompt), avg(prompt * prompt), avg(reply), avg(reply * reply),
       sum(cached) / sum(prompt)
FROM asked JOIN cells c ON c.id = cell_id GROUP BY c.id"""


def read_pilots(path: Path) -> dict[str, Pilot]:
    """What a store already knows of its cells, by name; empty where there is no store, or too little in it."""
    try:
        with read_only(path) as db:
            rows = db.execute(_PILOTS).fetchall()
    except StoreError:  # none, or one of an older version, which counted less
        return {}
    return {
        name: Pilot(calls, _around(n, prompt, prompt2), cached or 0.0, _around(n, reply, reply2))
        for name, calls, n, prompt, prompt2, reply, reply2, cached in rows
        if calls >= FEWEST
    }


def _around(n: int, mean: float, mean_of_squares: float) -> Range:
    """A mean, give or take two standard errors."""
    error = 2 * math.sqrt(max(mean_of_squares - mean * mean, 0.0) / n)
    return Range(low=max(mean - error, 0.0), high=mean + error)


def money(prices: Mapping[str, Any] | None, prompt: Range, reply: Range, cached: float = 0.0) -> Money | None:
    """Money for so many tokens; ``None`` without prices.

    Parameters
    ----------
    prices : mapping, optional
        ``input``, ``output``, ``cached_input``, ``reasoning`` per million tokens, and ``currency``.
    cached : float
        Part of the prompt in the provider's cache, in [0, 1].

    >>> money({"input": 2, "output": 8, "currency": "USD"}, Range(low=1e6, high=2e6), Range(low=0, high=1e6))
    Money(low=2.0, high=12.0, currency='USD')
    """
    if not prices:
        return None
    cached_input = prices.get("cached_input")
    reasoning = prices.get("reasoning")
    each = prices["input"] * (1 - cached) + (prices["input"] if cached_input is None else cached_input) * cached
    replies = [prices["output"], prices["output"] if reasoning is None else reasoning]
    low = prompt.low * each + reply.low * min(replies)
    high = prompt.high * each + reply.high * max(replies)
    return Money(low=low / 1e6, high=high / 1e6, currency=prices["currency"])
