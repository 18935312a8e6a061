"""From a questionnaire to the rows of the flat table."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from surveys.entries import Battery, Conjoint, Entry, Item, Loop, Section, Vignette
from surveys.factors import Factors
from surveys.formats.interface import LeftOut
from surveys.formats.output import write_text
from surveys.formats.own_csv.cells import BATTERY, COLUMNS, QUESTION, SETTINGS, neutral, shown
from surveys.option import Option
from surveys.question import Question
from surveys.questionnaire import Questionnaire

Row = dict[str, Any]


def write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    """Write the table; left out are combinations that are never shown, and who reviewed a translation."""
    writer = _Writer(questionnaire)
    rows = [{key: shown(value) for key, value in row.items()} for row in writer.rows()]
    used = {key for row in rows for key, value in row.items() if value != ""}
    languages = [f"text:{language}" for language in questionnaire.translations]
    columns = [*COLUMNS[:5], *languages, *COLUMNS[5:], *(name for name in SETTINGS if name in used)]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(columns)
    table.writerows([neutral(row.get(column, "")) for column in columns] for row in rows)
    write_text(path, "\ufeff" + out.getvalue())
    return (*writer.left_out, *writer.untaken())


class _Writer:
    def __init__(self, questionnaire: Questionnaire) -> None:
        self._all = questionnaire
        self.left_out: list[LeftOut] = []
        self._words = {
            language: {
                (entry, field, key): said
                for entry, wording in translation.words.items()
                for field, key, said in _flat_wording(wording.model_dump(exclude_defaults=True))
            }
            for language, translation in questionnaire.translations.items()
        }

    def untaken(self) -> Iterator[LeftOut]:
        """Translated wordings that belong to nothing in the table."""
        for language, words in self._words.items():
            for entry, field, key in words:
                where = f"translation {language} of {entry}"
                why = "the table has no column for it" if field == "reviewer" else "the original has nothing like it"
                yield LeftOut(where, f"{field} {key}".strip(), why)

    def rows(self) -> Iterator[Row]:
        """Every row in order."""
        for template in self._all.statements:
            words = f"statements of {', '.join(template.questions)}"
            self.left_out.append(LeftOut("questionnaire", words[:300], "the table has no rows for them"))
        titles = {f"text:{lang}": t.title for lang, t in self._all.translations.items() if t.title}
        yield {
            "row": "questionnaire",
            "id": self._all.id,
            "kind": self._all.language,
            "text": self._all.title,
            **titles,
        }
        if self._all.source:
            yield {"row": "source", "text": self._all.source}
        for split in self._all.splits:
            yield {"row": "split", "id": split.id}
            yield from ({"row": "arm", "id": arm, "weight": weight} for arm, weight in split.arms.items())
        for entry in self._all.entries:
            yield from self._entry(entry)
        for name, key in self._all.scoring.items():
            yield {"row": "scoring", "id": name, "kind": key.method}
            yield from ({"row": "key", "id": item, "polarity": sign} for item, sign in key.items.items())

    def _said(self, entry: str, field: str, text: str | None, key: object = "") -> Row:
        """The cells of a wording in every language."""
        words = {f"text:{lang}": words.pop((entry, field, str(key)), None) for lang, words in self._words.items()}
        return {"text": text, **words}

    def _entry(self, entry: Entry) -> Iterator[Row]:
        if isinstance(entry, Question):
            yield from self._question(entry)
        elif isinstance(entry, Battery):
            yield from self._battery(entry)
        elif isinstance(entry, Section):
            yield _row(entry, "order", "show_if", row="section", **self._said(entry.id, "text", entry.title))
            yield from self._inside(entry.questions, entry.id)
        elif isinstance(entry, Loop):
            over = {"over": entry.over} if isinstance(entry.over, str) else {}
            yield _row(entry, "order", row="loop", **over)
            if not isinstance(entry.over, str):
                for number, member in enumerate(entry.over):
                    yield {"row": "member", **self._said(entry.id, "over", member, number)}
            yield from self._inside(entry.questions, entry.id)
        elif isinstance(entry, Vignette):
            yield _row(entry, "order", row="vignette", **self._said(entry.id, "text", entry.text))
            yield from self._factors(entry.id, entry.factors)
            yield from self._inside(entry.questions, entry.id)
        elif isinstance(entry, Conjoint):
            said = self._said(entry.id, "text", entry.text)
            yield _row(entry, "order", row="conjoint", tasks=entry.tasks, **said)
            if entry.none is not None:
                yield {"row": "none", "text": entry.none}
            yield from self._factors(entry.id, entry.factors)

    def _inside(self, entries: tuple[Any, ...], group: str) -> Iterator[Row]:
        for entry in entries:
            yield from self._entry(entry)
        yield {"row": "end", "id": group}

    def _factors(self, entry: str, factors: Factors) -> Iterator[Row]:
        for attribute, levels in factors.attributes.items():
            called = self._said(entry, "attributes", None, attribute)
            yield _row(factors, "identical", row="factor", profiles=factors.profiles, **called) | {"id": attribute}
            for number, level in enumerate(levels):
                yield {"row": "level", **self._said(entry, f"factors.{attribute}", level, number)}
        for combination in factors.without:
            self.left_out.append(
                LeftOut(entry, f"without: {combination}", "the table has no row for excluded combinations")
            )

    def _battery(self, battery: Battery) -> Iterator[Row]:
        said = self._said(battery.id, "text", battery.text)
        yield _row(battery, *BATTERY, row="battery", kind=battery.answers, **said)
        yield from self._instruction(battery)
        yield from self._options(battery.id, battery.options)
        yield from self._labels(battery)
        for item in battery.items:
            said = self._said(item.id, "text", item.text)
            yield _row(item, "dimension", "topic", "polarity", "show_if", row="item", **said)
            yield from self._excluded(item)

    def _question(self, question: Question) -> Iterator[Row]:
        said = self._said(question.id, "text", question.text)
        yield _row(question, *QUESTION, row="question", kind=question.kind, **said)
        yield from self._instruction(question)
        if question.unit is not None:
            yield {"row": "unit", **self._said(question.id, "unit", question.unit)}
        yield from self._options(question.id, question.options)
        yield from self._labels(question)
        for name, wording in question.wordings.items():
            yield {"row": "wording", "id": name, **self._said(question.id, "wordings", wording, name)}
        for rule in question.go_to:
            yield {"row": "go_to", "id": rule.to, "show_if": rule.when}
        yield from self._excluded(question)

    def _excluded(self, entry: Question | Item) -> Iterator[Row]:
        if entry.exclude is not None:
            yield {"row": "exclude", "id": entry.exclude.reviewer, "text": entry.exclude.reason}

    def _instruction(self, entry: Question | Battery) -> Iterator[Row]:
        if entry.instruction is not None:
            yield {"row": "instruction", **self._said(entry.id, "instruction", entry.instruction)}

    def _options(self, entry: str, options: tuple[Option, ...]) -> Iterator[Row]:
        for option in options:
            said = self._said(entry, "options", option.label, option.code)
            kind = {} if option.kind == "substantive" else {"kind": option.kind}
            yield _row(option, "code", "score", "exclusive", "pinned", row="option", **kind, **said)

    def _labels(self, entry: Question | Battery) -> Iterator[Row]:
        for end in ("low_label", "high_label"):
            if getattr(entry, end) is not None:
                yield {"row": end, **self._said(entry.id, end, getattr(entry, end))}
        for point, label in entry.point_labels.items():
            yield {"row": "point", "code": point, **self._said(entry.id, "point_labels", label, point)}


def _row(entry: Any, *settings: str, **cells: Any) -> Row:
    """The cells of an entry: those named whose values are not the usual ones, and the further ones."""
    fields = type(entry).model_fields
    set_ones = {
        name: value
        for name in settings
        if (value := getattr(entry, name)) != fields[name].get_default(call_default_factory=True)
    }
    return {"id": getattr(entry, "id", ""), **set_ones, **cells}


def _flat_wording(wording: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every single text of a wording with the field it belongs to, and its code, name or number there."""
    for field, value in wording.items():
        if field == "factors":
            for attribute, levels in value.items():
                yield from ((f"factors.{attribute}", str(n), level) for n, level in levels.items())
        elif isinstance(value, dict):
            yield from ((field, str(key), text) for key, text in value.items())
        else:
            yield field, "", value
