"""The opening: how this simulated public compares with the real one, and how far to trust that."""

from collections.abc import Sequence
from itertools import islice

from analysis.opening import SMALL, UNDERSTOOD_ENOUGH, opening
from analysis.report.blocks import Block, Bullets, Column, Figure, Paragraph, Row, Section, Table, Tile, Tiles, Value
from analysis.report.drawings import Standing, draw_standings
from analysis.report.material import Material, Subject
from analysis.report.probe_answer import probe_answer
from analysis.report.telling import ABSENT, count, interval, measured, number, ranged, share
from analysis.report.words import Words

MOST_TOLD = 4
"""Different openings that are told in full; conditions with others are told in the table."""


def answer(material: Material, w: Words) -> Section:
    """The section that a reader sees first."""
    blocks: list[Block] = [*probe_answer(material, w)]
    several = len(material.publics) > 1
    openings: dict[str, list[Subject]] = {}
    for subject in material.publics:
        openings.setdefault(opening_of(subject, w), []).append(subject)
    for told, who in islice(openings.items(), MOST_TOLD):
        everybody = len(who) == len(material.publics)
        named = w("all_conditions", n=len(who)) if everybody else _names(who)
        blocks.append(Paragraph(w("named", name=named, told=told) if several else told, "answer"))
    left = sum(len(who) for who in islice(openings.values(), MOST_TOLD, None))
    if left:
        blocks.append(Paragraph(w("more_conditions", n=left), "note"))
    if not material.subjects:
        blocks.append(Paragraph(w("no_cells"), "answer"))
    if len(material.publics) == 1:
        blocks.append(_tiles(material.publics[0], w))
    blocks += _standings(material, w)
    if several:
        blocks.append(_table(material, w))
    blocks += [Paragraph(w("trust_title"), "heading"), Bullets(tuple(_trust(material, w)))]
    return Section("answer", w("answer"), tuple(blocks))


def opening_of(subject: Subject, w: Words) -> str:
    """The sentences of one condition."""
    cell = subject.cell
    return opening(cell.statuses, cell.averages, cell.heard, subject.has_people, w.opening)


def _tiles(subject: Subject, w: Words) -> Tiles:
    cell, a = subject.cell, subject.cell.averages
    tiles = [
        Tile(f"{cell.heard:,}", w("tile_respondents"), w("tile_planned", n=f"{cell.respondents:,}")),
        Tile(
            share(cell.statuses.understood).text,
            w("tile_understood"),
            w("tile_answers", n=f"{cell.statuses.asked:,}"),
        ),
    ]
    if a.questions:
        tiles += [
            Tile(f"{a.within_people} / {a.questions}", w("tile_within"), w("tile_within_note")),
            Tile(f"{a.closer_than_uniform} / {a.questions}", w("tile_uniform"), w("tile_uniform_note")),
        ]
    if a.leading:
        m = a.leading
        told = w("tile_interval", interval=interval(m.low, m.high).text) if m.low is not None else ""
        tiles.append(Tile(number(m.simulated).text, w("tile_distance" if a.w1 else "tile_js"), told))
    return Tiles(tuple(tiles), subject.number)


def _standings(material: Material, w: Words) -> list[Block]:
    ordered = all(s.cell.averages.w1 for s in material.publics if s.cell.averages.questions)
    rows = []
    for subject in material.publics:
        m = subject.cell.averages.w1 if ordered else subject.cell.averages.js
        if m is not None:
            people = (m.sample.low, m.sample.median, m.sample.high)
            rows.append(
                Standing(subject.label, subject.number, m.simulated, m.low, m.high, people, m.uniform, m.majority)
            )
    if not rows:
        return []
    told = "; ".join(w("standing_alt", name=r.label, value=f"{r.value:.3f}", high=f"{r.people[2]:.3f}") for r in rows)
    drawn = draw_standings(rows, w("axis_w1" if ordered else "axis_js"), told)
    return [Figure("standing", w("standing_title"), drawn, w("standing_note"))]


def _table(material: Material, w: Words) -> Table:
    names = ["condition", "heard", "understood"]
    compared = any(subject.cell.averages.questions for subject in material.publics)
    if compared:
        names += ["within", "beats_uniform", "beats_majority", "distance", "interval_95", "people_same_n"]
    rows = []
    for subject in material.publics:
        cell, a = subject.cell, subject.cell.averages
        values = [Value(subject.label, subject.number), count(cell.heard), share(cell.statuses.understood)]
        if compared:
            m, of = a.leading, a.questions
            beaten = (a.within_people, a.closer_than_uniform, a.closer_than_majority)
            values += [Value(f"{n} / {of}", n / of) if of else ABSENT for n in beaten]
            values += [measured(m, w), *([interval(m.low, m.high), ranged(m.sample)] if m else [ABSENT, ABSENT])]
        rows.append(Row(tuple(values), subject.number))
    columns = tuple(Column(w(name), name != "condition") for name in names)
    return Table(w("conditions_caption"), columns, tuple(rows))


def _trust(material: Material, w: Words) -> list[str]:
    """What limits the conclusions, from the data at hand first to what always holds."""
    told = []
    for store in material.stores:
        name = store.summary.wave
        if store.summary.finished is None:
            told.append(w("trust_unfinished", wave=name))
        reference = store.summary.reference
        if reference is None:
            told.append(w("trust_no_reference", wave=name))
        else:
            told.append(w("trust_reference", title=reference.title, year=reference.year, wave=name))
    few = [s for s in material.publics if 0 < s.cell.heard < SMALL and s.cell.averages.questions]
    told += [w("trust_small", names=_names(few), n=min(s.cell.heard for s in few))] if few else []
    lossy = [s for s in material.publics if (s.cell.statuses.understood or 1.0) < UNDERSTOOD_ENOUGH]
    told += [
        w("trust_understood", names=s.label, share=f"{s.cell.statuses.understood:.0%}") for s in lossy[:MOST_TOLD]
    ]
    uniform: dict[int, list[Subject]] = {}
    for subject in material.publics:
        uniform.setdefault(subject.cell.averages.one_voice, []).append(subject)
    told += [w("trust_one_voice", names=_names(who), n=n) for n, who in sorted(uniform.items()) if n]
    scripted = [s for s in material.subjects if _scripted(material, s)]
    names = _names(scripted) if material.publics else ", ".join(dict.fromkeys(s.cell.model for s in scripted))
    told += [w("trust_scripted", names=names)] if scripted else []
    always = ("trust_bootstrap", "trust_memory") if material.publics else ("trust_probe",)
    return [*told, *map(w, always), w("trust_people")]


def _scripted(material: Material, subject: Subject) -> bool:
    models = material.stores[subject.store].facts.models
    return any(model.name == subject.cell.model and model.backend == "scripted" for model in models)


def _names(subjects: Sequence[Subject]) -> str:
    return ", ".join(subject.label for subject in subjects)
