"""A small human sample put together with the waves: every answer's share, as sure as the people make it."""

from collections.abc import Sequence
from pathlib import Path

from analysis.coded import CodedAnswers
from analysis.human_sample import CombinedShare, HumanSample, with_human_sample
from analysis.report.blocks import Block, Column, Fold, Paragraph, Row, Section, Table, Value
from analysis.report.material import Material
from analysis.report.telling import ABSENT, count, cut, number, shares_with_limits
from analysis.report.words import Words

MOST_UNFOLDED = 3
"""Conditions up to which every table stands open."""


def together(material: Material, people: Path, w: Words, coded: Sequence[CodedAnswers] = ()) -> Section:
    """Each condition together with the people who were asked as well, open answers in codes among what they said.

    Raises
    ------
    DocumentError
        If the table of people cannot be read, or names what a condition does not have.
    """
    blocks: list[Block] = [Paragraph(w("together_note"), "note")]
    for subject in material.publics:
        found = with_human_sample(material.stores[subject.store].path, people, subject.cell.name, None, coded)
        table = _table(found, w("together_caption", condition=subject.label), subject.number, w)
        mine: list[Block] = [table]
        if found.left_out:
            mine.append(Paragraph(w("together_left_out", questions=", ".join(found.left_out)), "note"))
        folded = len(material.publics) > MOST_UNFOLDED
        blocks += [Fold(subject.label, tuple(mine), subject.number)] if folded else mine
    return Section("together", w("together"), tuple(blocks))


def _table(found: HumanSample, caption: str, subject: int, w: Words) -> Table:
    names = ("question", "option", "together_share", "together_alone", "together_worth", "together_people")
    columns = tuple(Column(w(name), name not in ("question", "option")) for name in names)
    return Table(caption, columns, tuple(Row(_values(each), subject) for each in found.shares), subject)


def _values(each: CombinedShare) -> tuple[Value, ...]:
    return (
        Value(each.question),
        Value(cut(each.label, 100)),
        shares_with_limits(each.share, each.low, each.high),
        shares_with_limits(each.alone, each.alone_low, each.alone_high),
        ABSENT if each.worth is None else number(each.worth, 2),
        count(each.people),
    )
