"""What the calls of one cell took: tokens, time and money."""

from analysis.findings import Cost
from analysis.reading import Results
from analysis.records import Cell, Usage


def usage_of(results: Results, cell: Cell) -> Usage:
    """Calls, tokens and time of a cell."""
    calls, prompt, completion, seconds = results.rows(
        """SELECT (SELECT count(*) FROM exchanges WHERE cell_id = ?1), coalesce(sum(prompt_tokens), 0),
        coalesce(sum(completion_tokens), 0), coalesce(sum(latency_s), 0.0) FROM attempts WHERE cell_id = ?1""",
        (cell.id,),
    )[0]
    return Usage(calls, prompt, completion, seconds)


def cost_of(results: Results, cell: Cell) -> Cost | None:
    """Money of a cell; ``None`` without prices."""
    if not results.has_column("attempts", "cost"):
        return None  # a store of the first version
    sql = """SELECT sum(a.cost), m.config ->> '$.prices.currency', sum(a.cost IS NULL)
        FROM cells c JOIN models m ON m.id = c.model_id JOIN attempts a ON a.cell_id = c.id WHERE c.id = ?"""
    amount, currency, unknown = results.rows(sql, (cell.id,))[0]
    if amount is None or currency is None:
        return None
    return Cost(amount=amount, currency=currency, unknown=unknown)
