"""LimeSurvey's XML, .lss: tables of its database, with the texts beside them since version 4, within them before."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

from demoscope.errors import DocumentError
from surveys.formats.interface import Format, LeftOut, Reading
from surveys.formats.limesurvey.kinds import EMPTY
from surveys.formats.limesurvey.reading import reading
from surveys.formats.limesurvey.survey import LimeGroup, LimeQuestion, LimeSurvey, Part, Texts
from surveys.formats.limesurvey.writing import survey_of
from surveys.formats.losses import name_lost
from surveys.formats.output import write_bytes, xml_text
from surveys.formats.untrusted import read_xml
from surveys.questionnaire import Questionnaire

Row = dict[str, str]

DB_VERSION = "490"
"""Version of the tables that are written: that of LimeSurvey 6, whose texts have tables of their own."""

_READ = frozenset(
    {"groups", "group_l10ns", "questions", "question_l10ns", "subquestions", "subquestion_l10ns", "answers",
     "answer_l10ns", "question_attributes", "surveys", "surveys_languagesettings", "languages", "LimeSurveyDocType",
     "DBVersion", "defaultvalues", "defaultvalue_l10ns"}
)  # fmt: skip
_COLUMNS = frozenset(
    {"qid", "parent_qid", "sid", "gid", "type", "title", "question", "preg", "help", "other", "mandatory", "language",
     "question_order", "scale_id", "relevance", "same_default", "same_script", "question_theme_name", "id"}
)  # fmt: skip
"""Columns of a question that are read, or that are the bookkeeping of its database."""

_SID = "123456"


def _read(path: Path) -> Reading:
    root = read_xml(path)
    if root.tag != "document" or root.find("LimeSurveyDocType") is None:
        raise DocumentError(f"{path}: not a LimeSurvey document; its first element is {root.tag[:40]!r}.")
    if (root.findtext("LimeSurveyDocType") or "").strip() != "Survey":
        raise DocumentError(f"{path}: a part of a survey; export the whole survey as .lss.")
    tables = {table.tag: _rows(table) for table in root}
    survey = _survey(tables)
    for element in root:
        if element.tag not in _READ and not tables[element.tag] and (len(element) or (element.text or "").strip()):
            survey.further.append(("the survey", f"the element {element.tag[:40]}"))
    return reading(survey, path)


def _rows(table: ET.Element) -> list[Row]:
    return [
        {cell.tag: cell.text or "" for cell in row} for rows in table.findall("rows") for row in rows.findall("row")
    ]


def _survey(tables: dict[str, list[Row]]) -> LimeSurvey:
    settings = (tables.get("surveys") or [{}])[0]
    made = LimeSurvey(settings.get("language") or "en", key=settings.get("sid", ""))
    for row in tables.get("surveys_languagesettings", []):
        language = row.get("surveyls_language", "")
        made.titles[language] = row.get("surveyls_title", "")
        for name in ("description", "welcometext", "endtext", "policy_notice"):
            if row.get(f"surveyls_{name}"):
                made.further.append((f"the survey, {language}", f"its {name}: {row[f'surveyls_{name}'][:100]}"))
    settings_kept = {"sid", "language", "additional_languages"}
    if set(settings) - settings_kept:
        made.further.append(("the survey", f"{len(set(settings) - settings_kept)} settings"))
    for name, rows in tables.items():
        if name not in _READ and rows:
            made.further.append(("the survey", f"{len(rows)} rows of {name}"))
    groups = _groups(tables, made)
    _add_questions(tables, made, groups)
    return made


def _groups(tables: dict[str, list[Row]], made: LimeSurvey) -> dict[str, LimeGroup]:
    groups: dict[str, LimeGroup] = {}
    for row in sorted(tables.get("groups", []), key=lambda row: _place(row, "group_order")):
        key = row.get("gid", "")
        if key not in groups:
            groups[key] = LimeGroup(
                relevance=row.get("grelevance", ""), randomized=row.get("randomization_group", ""), key=key
            )
            made.groups.append(groups[key])
    for row in (*tables.get("groups", []), *tables.get("group_l10ns", [])):
        group = groups.get(row.get("gid", ""))
        if group is not None and "language" in row:
            group.names[row["language"]] = row.get("group_name", "")
            group.descriptions |= {row["language"]: row["description"]} if row.get("description") else {}
    return groups


def _add_questions(tables: dict[str, list[Row]], made: LimeSurvey, groups: dict[str, LimeGroup]) -> None:
    questions: dict[str, LimeQuestion] = {}
    for row in sorted(tables.get("questions", []), key=lambda row: _place(row, "question_order")):
        key, group = row.get("qid", ""), groups.get(row.get("gid", ""))
        if group is None or row.get("parent_qid", "0") not in ("0", ""):
            continue
        if key not in questions:
            questions[key] = question = LimeQuestion(row.get("title", ""), row.get("type", ""), key=key)
            question.relevance, question.mandatory = row.get("relevance", ""), row.get("mandatory", "")
            question.other, question.validation = row.get("other", ""), row.get("preg", "")
            group.questions.append(question)
            made.further += [
                (f"question {question.name}", f"its {column} {value[:60]!r}")
                for column, value in row.items()
                if column not in _COLUMNS and value not in EMPTY
            ]
    for row in (*tables.get("questions", []), *tables.get("question_l10ns", [])):
        found = questions.get(row.get("qid", ""))
        if found is not None and "language" in row:
            found.texts[row["language"]] = row.get("question", "")
            found.helps |= {row["language"]: row["help"]} if row.get("help") else {}
    for row in tables.get("question_attributes", []):
        found = questions.get(row.get("qid", ""))
        if found is not None and row.get("value"):
            found.attributes.setdefault(row.get("attribute", ""), {})[row.get("language", "")] = row["value"]
    for row in tables.get("defaultvalues", []):
        found = questions.get(row.get("qid", ""))
        if found is not None:
            found.default = row.get("defaultvalue") or "set"
    _add_subquestions(tables, questions)
    _add_answers(tables, questions)


def _add_subquestions(tables: dict[str, list[Row]], questions: dict[str, LimeQuestion]) -> None:
    parts: dict[str, Part] = {}
    for row in sorted(tables.get("subquestions", []), key=lambda row: _place(row, "question_order")):
        parent, key = questions.get(row.get("parent_qid", "")), row.get("qid", "")
        if parent is not None and key not in parts:
            part = Part(row.get("title", ""), scale=_place(row, "scale_id"), relevance=row.get("relevance", ""))
            parts[key] = part
            parent.subquestions.append(part)
    texts = (*tables.get("subquestions", []), *tables.get("subquestion_l10ns", []), *tables.get("question_l10ns", []))
    for row in texts:
        if row.get("qid") in parts and "language" in row:
            parts[row["qid"]].texts[row["language"]] = row.get("question", "")


def _add_answers(tables: dict[str, list[Row]], questions: dict[str, LimeQuestion]) -> None:
    parts: dict[tuple[str, str, int], Part] = {}
    by_key: dict[str, Part] = {}
    for row in sorted(tables.get("answers", []), key=lambda row: _place(row, "sortorder")):
        question = questions.get(row.get("qid", ""))
        if question is None:
            continue
        name = (row.get("qid", ""), row.get("code", ""), _place(row, "scale_id"))
        if name not in parts:
            parts[name] = Part(name[1], scale=name[2], assessment=row.get("assessment_value", ""))
            question.answers.append(parts[name])
        by_key[row.get("aid", "")] = parts[name]
        if "language" in row:
            parts[name].texts[row["language"]] = row.get("answer", "")
    for row in tables.get("answer_l10ns", []):
        if row.get("aid") in by_key and "language" in row:
            by_key[row["aid"]].texts[row["language"]] = row.get("answer", "")


def _place(row: Row, name: str) -> int:
    value = row.get(name, "")
    return int(value) if re.fullmatch(r"-?\d{1,9}", value) else 0


def _write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    survey, lost = survey_of(questionnaire)
    write_bytes(path, as_lss(survey))
    return (*name_lost(questionnaire, path), *lost)


def as_lss(survey: LimeSurvey) -> bytes:
    """The survey as LimeSurvey 6 exports it."""
    tables: dict[str, list[Row]] = {name: [] for name in _WRITTEN}
    spoken = survey.languages
    count: Counter[str] = Counter()

    def number(table: str) -> str:
        count[table] += 1
        return str(count[table])

    def say(table: str, key: str, value: str, field: str, texts: Texts, further: Row | None = None) -> None:
        for language in spoken:
            text = texts.get(language) or texts.get(survey.language, "")
            row = {"id": number(table), key: value, field: text, **(further or {}), "language": language}
            tables[table].append(row)

    for group in survey.groups:
        gid = number("groups")
        order = {"group_order": gid, "randomization_group": "", "grelevance": group.relevance}
        tables["groups"].append({"gid": gid, "sid": _SID, **order})
        say("group_l10ns", "gid", gid, "group_name", group.names, {"description": ""})
        for place, question in enumerate(group.questions, start=1):
            qid = number("qid")
            shared = {"sid": _SID, "gid": gid, "type": question.type, "preg": "", "other": "N", "mandatory": "N"}
            row = {"qid": qid, "parent_qid": "0", **shared, "title": question.name, "question_order": str(place)}
            tables["questions"].append({**row, "scale_id": "0", "relevance": question.relevance or "1"})
            for language in spoken:
                own = {"question": question.texts.get(language) or question.texts.get(survey.language, "")}
                own["help"] = question.helps.get(language) or question.helps.get(survey.language, "")
                tables["question_l10ns"].append({"id": number("l10n"), "qid": qid, **own, "language": language})
            for name, values in question.attributes.items():
                for language, value in values.items():
                    attribute = {"qid": qid, "attribute": name, "value": value, "language": language}
                    tables["question_attributes"].append(attribute)
            for order_in, part in enumerate(question.subquestions, start=1):
                key = number("qid")
                row = {"qid": key, "parent_qid": qid, **shared, "title": part.code, "question_order": str(order_in)}
                row |= {"scale_id": str(part.scale), "relevance": part.relevance or "1"}
                tables["subquestions"].append(row)
                say("question_l10ns", "qid", key, "question", part.texts, {"help": ""})
            for order_in, part in enumerate(question.answers, start=1):
                aid = number("answers")
                row = {"aid": aid, "qid": qid, "code": part.code, "sortorder": str(order_in)}
                row |= {"assessment_value": part.assessment or "0", "scale_id": str(part.scale)}
                tables["answers"].append(row)
                say("answer_l10ns", "aid", aid, "answer", part.texts)
    others = " ".join(spoken[1:])
    tables["surveys"].append({"sid": _SID, "language": survey.language, "additional_languages": others})
    for language in spoken:
        row = {"surveyls_survey_id": _SID, "surveyls_language": language}
        tables["surveys_languagesettings"].append({**row, "surveyls_title": survey.titles.get(language, "")})
    return _document(survey, tables)


_WRITTEN = (
    "answers", "answer_l10ns", "groups", "group_l10ns", "questions", "question_l10ns", "subquestions",
    "question_attributes", "surveys", "surveys_languagesettings",
)  # fmt: skip


def _document(survey: LimeSurvey, tables: dict[str, list[Row]]) -> bytes:
    root = ET.Element("document")
    ET.SubElement(root, "LimeSurveyDocType").text = "Survey"
    ET.SubElement(root, "DBVersion").text = DB_VERSION
    languages = ET.SubElement(root, "languages")
    for language in survey.languages:
        ET.SubElement(languages, "language").text = language
    for name, rows in tables.items():
        if not rows:
            continue
        table = ET.SubElement(root, name)
        fields = ET.SubElement(table, "fields")
        for field in dict.fromkeys(key for row in rows for key in row):
            ET.SubElement(fields, "fieldname").text = field
        holder = ET.SubElement(table, "rows")
        for row in rows:
            element = ET.SubElement(holder, "row")
            for field, value in row.items():
                ET.SubElement(element, field).text = xml_text(value)
    ET.indent(root, " ")
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _recognises(head: bytes) -> bool:
    return b"<LimeSurveyDocType>" in head


FORMAT = Format("limesurvey", "LimeSurvey structure (LSS)", (".lss",), _recognises, _read, _write)
