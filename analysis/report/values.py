"""Value dimensions and the cultural map of the conditions."""

from analysis.report.blocks import Block, Column, Figure, Paragraph, Row, Section, Table, Value
from analysis.report.drawings import draw_map
from analysis.report.material import Material
from analysis.report.telling import ABSENT, count, number, shaded, share
from analysis.report.words import Words


def dimensions(material: Material, w: Words) -> Section | None:
    """Divergence from people and agreement with them by value dimension; ``None`` without dimensions."""
    asked = _asked(material)
    if not asked:
        return None
    blocks: list[Block] = []
    rows = material.comparison.rows
    if any(row.dimensions for row in rows):
        names = sorted({name for row in rows for name in row.dimensions})
        most = max((v for row in rows for v in row.dimensions.values() if v != float("inf")), default=0.0)
        columns = (Column(w("condition"), number=False), *(Column(name) for name in names), Column(w("mean_kl")))
        table = []
        for subject in material.subjects:
            values = shaded([subject.row.dimensions.get(name) for name in names], most=most)
            kl = number(subject.row.kl.value, 2) if subject.row.kl else ABSENT
            table.append(Row((Value(subject.label, subject.number), *values, kl), subject.number))
        blocks.append(Table(w("dimensions_caption"), columns, tuple(table)))
    else:
        blocks.append(Paragraph(w("dimensions_no_people"), "note"))
    matched = sorted({name for s in material.subjects for name in s.evaluation.matches_by_dimension})
    if matched:
        columns = (
            Column(w("condition"), number=False),
            *(Column(name) for name in matched),
            Column(w("all_questions")),
        )
        table = []
        for subject in material.subjects:
            found = subject.evaluation.matches_by_dimension
            values = shaded([found.get(name) for name in matched], most=1.0)
            table.append(
                Row(
                    (Value(subject.label, subject.number), *values, share(subject.evaluation.matches)), subject.number
                )
            )
        blocks.append(Table(w("matches_caption"), columns, tuple(table)))
    names_asked = (Value(name) for name in asked)
    counted = Row((Value(w("questions_asked")), *(count(n) for n in asked.values())))
    blocks.append(Table(w("asked_caption"), (Column(""), *(Column(value.text) for value in names_asked)), (counted,)))
    return Section("dimensions", w("dimensions"), (Paragraph(w("dimensions_note"), "note"), *blocks))


def _asked(material: Material) -> dict[str, int]:
    """Questions of each dimension, each question of the stores once."""
    known = {
        q.name: q.dimension
        for store in material.stores
        for q in store.facts.questions
        if q.dimension and not q.excluded
    }
    return {name: list(known.values()).count(name) for name in sorted(set(known.values()))}


def culture(material: Material, w: Words) -> Section | None:
    """The cultural map; ``None`` where there is none to draw."""
    found = material.comparison.map
    if found is None:
        return None
    names = {str(n): (s.label, s.number) for n, s in enumerate(material.subjects)}
    names |= {
        str(n): (point.name.replace("people", w("people"), 1), 0)
        for n, point in enumerate(found.points)
        if point.kind == "people"
    }
    told = "; ".join(f"{names.get(str(n), (p.name, 0))[0]}: {p.x:.2f}, {p.y:.2f}" for n, p in enumerate(found.points))
    axes = (w("axis_first", share=f"{found.explained[0]:.0%}"), w("axis_second", share=f"{found.explained[1]:.0%}"))
    drawn = draw_map(found, names, w("map_alt", points=told), axes)
    columns = tuple(Column(w(n), n != "who") for n in ("who", "first_component", "second_component"))
    rows = tuple(
        Row(
            (Value(names.get(str(n), (p.name, 0))[0]), number(p.x, 2), number(p.y, 2)),
            names.get(str(n), ("", 0))[1] or None,
        )
        for n, p in enumerate(found.points)
    )
    loads = tuple(
        Row((Value(name), number(one, 2), number(other, 2)))
        for name, one, other in zip(found.dimensions, *found.loadings, strict=True)
    )
    return Section(
        "culture",
        w("culture"),
        (
            Paragraph(w("map_note", n=found.questions, dimensions=", ".join(found.dimensions)), "note"),
            Figure("cultural_map", w("map_title"), drawn),
            Table(w("map_caption"), columns, rows),
            Table(
                w("loadings_caption"),
                (Column(w("dimension"), number=False), Column(w("first_component")), Column(w("second_component"))),
                loads,
            ),
        ),
    )
