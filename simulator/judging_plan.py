"""What a judge is going to do with a store, without doing it: replies, calls, tokens and money."""

import sqlite3
import zlib
from collections import Counter
from pathlib import Path
from typing import Literal

from demoscope.documents import Document
from demoscope.errors import StoreError
from demoscope.store_file import open_for_reading
from simulator.estimates import SHORTEST_REPLY, Money, Range, money, prompt_tokens, read_pilots
from simulator.judges import JudgeDocument
from simulator.judging import Judging
from simulator.plan_screen import money_range
from surveys.judging import instructions


class JudgingPlan(Document):
    """What a judge is going to do; nothing has been asked yet."""

    judge: str
    model: str
    replies: dict[str, int]
    """Replies drawn, by cell."""
    verdicts: int
    """Verdicts wanted: one for each reply and dimension."""
    known: int
    """Verdicts that the store holds already."""
    calls: int
    """Calls for the others, when each is understood at once."""
    prompt: Range
    """Prompt tokens, from the least that is likely to the most."""
    reply: Range
    """Reply tokens."""
    counted_by: Literal["thumb", "pilot"]
    """Whether tokens are those of the judge's earlier calls in the store, or counted by a rule of thumb."""
    cost: Money | None
    """Money at the model's prices; ``None`` without prices."""
    max_cost: float | None
    """Money before which the judge pauses; ``None`` without a bound."""


def plan_judging(document: JudgeDocument, store: Path) -> JudgingPlan:
    """What a judge is going to do with a store, without doing it.

    Raises
    ------
    StoreError
        If the store cannot be read or holds no wave.
    """
    connection = open_for_reading(store)
    try:
        judging = Judging(document, lambda sql, values: connection.execute(sql, values).fetchall())
        missing, replies = judging.missing(), judging.replies.values()
    except (sqlite3.Error, zlib.error) as error:
        raise StoreError(f"{store} cannot be read ({error}); the file may be damaged.") from None
    finally:
        connection.close()
    settings, n = document.model.settings, len(missing)
    pilot = read_pilots(store).get(document.cell)
    if pilot:
        prompt, reply, cached = pilot.prompt.times(n), pilot.reply.times(n), pilot.cached
    else:
        each = [
            prompt_tokens(list(instructions(dimension, r.asked, r.answer, r.explanation))) for r, dimension in missing
        ]
        prompt = Range(low=sum(one.low for one in each), high=sum(one.high for one in each))
        reply, cached = Range(low=SHORTEST_REPLY * n, high=float(document.settings.max_tokens * n)), 0.0
    return JudgingPlan(
        judge=document.named.name,
        model=document.model.name,
        replies=dict(Counter(reply.key.cell for theirs in replies for reply in theirs)),
        verdicts=judging.verdicts,
        known=judging.verdicts - n,
        calls=n,
        prompt=prompt,
        reply=reply,
        counted_by="pilot" if pilot else "thumb",
        cost=money(settings.get("prices"), prompt, reply, cached),
        max_cost=settings.get("max_cost"),
    )


def judging_lines(plan: JudgingPlan) -> tuple[str, ...]:
    """The plan in sentences."""
    drawn = sum(plan.replies.values())
    lines = [
        f"{plan.judge} ({plan.model}) judges {drawn:,} {'reply' if drawn == 1 else 'replies'} of "
        f"{len(plan.replies):,} {'cell' if len(plan.replies) == 1 else 'cells'}: {plan.verdicts:,} verdicts, of "
        f"which the store holds {plan.known:,}."
    ]
    if plan.calls:
        lines.append(
            f"{plan.calls:,} calls, {plan.prompt.low:,.0f} to {plan.prompt.high:,.0f} tokens in, "
            f"{plan.reply.low:,.0f} to {plan.reply.high:,.0f} out ({_COUNTED[plan.counted_by]}); "
            "more where no verdict is understood."
        )
    if plan.cost and plan.calls:
        bound = f"; it pauses before {plan.max_cost:g} {plan.cost.currency}" if plan.max_cost is not None else ""
        lines.append(f"Cost: {money_range(plan.cost)}{bound}.")
    return tuple(lines)


_COUNTED = {"pilot": "as its earlier calls took", "thumb": "by rule of thumb"}
