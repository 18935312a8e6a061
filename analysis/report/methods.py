"""Everything that somebody needs to judge the method and to repeat the wave."""

from typing import Any

import yaml

from analysis.export.repeating import wave_document
from analysis.report.blocks import Block, Bullets, Column, Fold, Paragraph, Quote, Row, Section, Source, Table, Value
from analysis.report.material import Material, StoreMaterial
from analysis.report.telling import count, cut
from analysis.report.words import Words

LONGEST = 60_000
"""Characters of a document on the page; the store has all of it."""


def methods(material: Material, w: Words) -> Section:
    """The methods page."""
    blocks: list[Block] = [Paragraph(w("methods_note"), "note")]
    for store in material.stores:
        mine = _store(store, w)
        blocks += [Fold(store.summary.wave, tuple(mine))] if len(material.stores) > 1 else mine
    rules = material.comparison.rules.model_dump(mode="json")
    measures = tuple(phrase for name, phrase in w.phrases.items() if name.startswith("measure_"))
    blocks.append(Fold(w("measures"), (Bullets(measures),)))
    blocks.append(Fold(w("rules_used"), (Source(w("rules_profile", name=rules["profile"]), _yaml(rules)),)))
    blocks.append(Fold(w("limits"), (Bullets(tuple(w(f"limit_{n}") for n in range(1, 6))),)))
    return Section("methods", w("methods"), tuple(blocks))


def _store(store: StoreMaterial, w: Words) -> list[Block]:
    facts, summary = store.facts, store.summary
    people = next((cell.respondents for cell in summary.cells), 0)
    told = [
        (w("wave"), f"{summary.wave} ({facts.id})"),
        (w("questionnaire"), summary.questionnaire),
        (w("started"), summary.started),
        (w("finished"), summary.finished or w("unfinished")),
        (w("seed"), str(facts.seed)),
        (w("respondents"), f"{people:,}"),
        (w("draws"), f"{summary.draws:,}"),
        (w("store"), f"{store.path.name} ({store.bytes:,} {w('bytes')})"),
        (w("restricted"), w("yes") if facts.restricted else w("no")),
    ]
    if summary.reference:
        r = summary.reference
        told.append((w("reference"), f"{r.title} ({r.year}), {w('weighted') if r.weighted else w('unweighted')}"))
        told.append((w("source"), r.source))
        told += [(w("note"), r.note)] if r.note else []
    blocks: list[Block] = [
        _pairs(w("wave_caption"), told, w),
        Paragraph(w("repeat", store=store.path.name), "plain"),
        _pairs(w("versions"), [(name, str(version)) for name, version in facts.versions.items()], w),
        _models(store, w),
        _conditions(store, w),
        _questions(store, w),
    ]
    wave = wave_document(facts.config, facts.population, has_reference=summary.reference is not None)
    documents = (("wave_document", wave), ("population_document", facts.population.get("document", facts.population)))
    blocks += [Fold(w(name), (Source(w(name), _yaml(content)),)) for name, content in documents]
    if facts.prompt and not facts.restricted:  # a prompt may tell of a person whose row may not be passed on
        quotes = tuple(Quote(role, cut(text, 6000)) for role, text in facts.prompt)
        blocks.append(Fold(w("first_prompt"), quotes))
    return blocks


def _pairs(caption: str, told: list[tuple[str, str]], w: Words) -> Table:
    columns = (Column(w("what"), number=False), Column(w("value"), number=False))
    return Table(caption, columns, tuple(Row((Value(name), Value(cut(value)))) for name, value in told))


def _models(store: StoreMaterial, w: Words) -> Table:
    names = ("model", "backend", "digest", "settings")
    rows = tuple(
        Row(
            (
                Value(m.name),
                Value(m.backend),
                Value(m.digest or w("unknown")),
                Value(cut(_flat({**m.config, **m.settings}))),
            )
        )
        for m in store.facts.models
    )
    return Table(w("models"), tuple(Column(w(name), number=False) for name in names), rows)


def _conditions(store: StoreMaterial, w: Words) -> Table:
    names = ("condition", "protocol", "profile", "culture_of", "told_attributes", "settings")
    rows = []
    for cell in store.facts.cells:
        settings = _flat(cell.settings) + (f"; {w('perturbed')}: {cell.variant}" if cell.variant else "")
        values = (cell.name, cell.protocol, cell.profile, cell.culture or "·", ", ".join(cell.told) or "·", settings)
        rows.append(Row(tuple(Value(cut(value)) for value in values)))
    return Table(w("conditions"), tuple(Column(w(name), number=False) for name in names), tuple(rows))


def _questions(store: StoreMaterial, w: Words) -> Fold:
    names = ("question", "kind", "wording", "options", "asked_if")
    rows = []
    for question in store.facts.questions:
        options = "; ".join(f"{code} {label}" for code, label, _ in question.options)
        when = question.excluded or question.show_if or "·"
        values = (question.name, question.kind, question.text, options, when)
        rows.append(Row(tuple(Value(cut(value)) for value in values)))
    table = Table(w("questionnaire"), tuple(Column(w(name), number=False) for name in names), tuple(rows))
    return Fold(w("questionnaire_as_asked", n=count(len(rows)).text), (table,))


def _flat(content: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in content.items() if value not in (None, {}, [], ""))


def _yaml(content: dict[str, Any]) -> str:
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)
    return cut(text, LONGEST)
