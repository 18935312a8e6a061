"""DDI codebook 2.5: variables with their questions, categories, valid ranges and missing values."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError
from surveys.formats.draft import LONGEST, Draft
from surveys.formats.interface import Format, LeftOut, Reading
from surveys.formats.languages import language_code
from surveys.formats.losses import Losses, name_lost
from surveys.formats.output import write_bytes, xml_text
from surveys.formats.untrusted import read_xml
from surveys.formats.variables import MOST, Code, Naming, Variable, question_of, variables_of, written
from surveys.questionnaire import Questionnaire

NAMESPACE = "ddi:codebook:2_5"
"""Namespace of codebooks of version 2.5; others are read alike."""

NAMING = Naming(
    tool="DDI",
    longest_name=255,
    reserved=frozenset(),
    longest_label=LONGEST,
    longest_value_label=1_000_000,
    holds=frozenset({"minimum", "maximum", "instruction", "options"}),
)

MOST_LANGUAGES = 50
"""Languages of a variable that are read."""

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_READ = frozenset({"labl", "qstn", "valrng", "invalrng", "catgry", "varFormat"})
_SILENT = frozenset({"location"})
_DATES = ("date", "time")


def _read(path: Path) -> Reading:
    root = read_xml(path)
    if _tag(root) != "codeBook":
        raise DocumentError(f"{path}: not a DDI codebook; its first element is {_tag(root)[:40]!r}, not codeBook.")
    found = [variable for part in _all(root, "dataDscr") for variable in _all(part, "var")]
    if len(found) > MOST:
        raise DocumentError(f"{path}: {len(found):,} variables; at most {MOST:,} are read.")
    draft = Draft(path, language_code(root.get(_LANG) or _first_language(found) or "en"))
    entries = []
    beside: Counter[str] = Counter()
    for element in found:
        content = _question(element, draft, beside)
        if content is not None:
            entries.append(content)
    for name, count in sorted(beside.items()):
        draft.leave_out(f"{count} variables", name, "questions here have nothing like it")
    _leave_out_the_rest(root, draft)
    study = next(_all(root, "stdyDscr"), None)
    title = next((_text(one) for one in study.iter() if _tag(one) == "titl"), "") if study is not None else ""
    return draft.reading(path.stem, draft.label(title, "the study"), entries)


def _question(element: ET.Element, draft: Draft, beside: Counter[str]) -> dict[str, Any] | None:
    name = element.get("name") or element.get("ID") or "variable"
    if element.get("wgt"):
        draft.leave_out(f"variable {name}", "the weight", "nobody is asked for it")
        return None
    categories = list(_all(element, "catgry"))
    labels: dict[Code, str] = {}
    missing = [span for one in _all(element, "invalrng") for span in _spans(one)]
    for category in categories:
        code = _code(_text(next(_all(category, "catValu"), None)))
        if code == "":
            draft.leave_out(f"variable {name}", "a category without a value", "options are known by their codes")
            continue
        labels[code] = _said(category, "labl", draft.language) or str(code)
        if category.get("missing", "").upper() == "Y":
            missing.append((code, code))
        beside.update(
            {f"{_tag(one)} of a category" for one in category} - {"catValu of a category", "labl of a category"}
        )
    valid = [span for one in _all(element, "valrng") for span in _spans(one)]
    whole = [(low, high) for low, high in valid if isinstance(low, int) and isinstance(high, int)]
    kind = next((one.get("type", "") for one in _all(element, "varFormat")), "")
    dated = any(one.get("category") in _DATES for one in _all(element, "varFormat"))
    variable = Variable(
        name=name,
        label=_wording(element, draft.language),
        type="string" if kind == "character" else "date" if dated else "numeric",
        labels=labels,
        missing=tuple(missing),
        graded=element.get("nature") == "interval",
        instruction=_instruction(element, draft.language),
        minimum=min((low for low, _ in whole), default=None),
        maximum=max((high for _, high in whole), default=None),
    )
    beside.update({_tag(one) for one in element} - _READ - _SILENT)
    for question in _all(element, "qstn"):
        beside.update({_tag(one) for one in question} - {"preQTxt", "qstnLit", "ivuInstr", "postQTxt"})
    content = question_of(variable, draft)
    if content is not None:
        _translate(element, categories, content, draft)
    return content


def _wording(element: ET.Element, language: str, other: bool = False) -> str:
    """What the question says; the variable's label where nothing is said."""
    parts = []
    for question in _all(element, "qstn"):
        parts += [_said(question, part, language, other) for part in ("preQTxt", "qstnLit", "postQTxt")]
        if not any(parts) and not other:
            parts.append(_own_text(question))
    said = "\n".join(part for part in parts if part)
    return said or _said(element, "labl", language, other)


def _instruction(element: ET.Element, language: str, other: bool = False) -> str:
    return "\n".join(filter(None, (_said(one, "ivuInstr", language, other) for one in _all(element, "qstn"))))


def _translate(element: ET.Element, categories: list[ET.Element], content: dict[str, Any], draft: Draft) -> None:
    where = f"variable {content['id']}"
    names = {one.get(_LANG, "") for one in element.iter()} - {""}
    if len(names) > MOST_LANGUAGES:
        draft.leave_out(where, f"{len(names) - MOST_LANGUAGES:,} languages", f"at most {MOST_LANGUAGES} are read")
    for name in sorted(names)[:MOST_LANGUAGES]:
        if language_code(name) == draft.language:
            continue
        draft.translate(name, content["id"], "text", draft.text(_wording(element, name, True), where))
        draft.translate(name, content["id"], "instruction", draft.text(_instruction(element, name, True), where))
        for category in categories:
            code = _code(_text(next(_all(category, "catValu"), None)))
            label = draft.label(_said(category, "labl", name, True), where)
            if isinstance(code, int) and any(option["code"] == code for option in content.get("options", ())):
                draft.translate_option(name, content["id"], "options", code, label)
            elif content.get("kind") == "scale":
                _translate_point(name, content, code, label, draft)


def _translate_point(language: str, content: dict[str, Any], code: Code, label: str, draft: Draft) -> None:
    ends = {content["minimum"]: "low_label", content["maximum"]: "high_label"}
    if code in ends:
        if content.get(ends[int(code)]):
            draft.translate(language, content["id"], ends[int(code)], label)
    elif code in content.get("point_labels", {}):
        draft.translate_option(language, content["id"], "point_labels", code, label)


def _leave_out_the_rest(root: ET.Element, draft: Draft) -> None:
    for part in root:
        tag = _tag(part)
        if tag == "dataDscr":
            groups = Counter(_tag(one) for one in part if _tag(one) != "var")
            for name, count in sorted(groups.items()):
                draft.leave_out("the codebook", f"{count} elements {name}", "questions stand alone here")
        elif tag == "stdyDscr":
            further = sum(1 for one in part.iter() if (one.text or "").strip()) - 1
            if further > 0:
                draft.leave_out(
                    "the study", f"{further} elements that describe it", "a questionnaire has a title only"
                )
        elif any((one.text or "").strip() or one.attrib for one in part.iter()):
            draft.leave_out("the codebook", f"its {tag}", "a questionnaire is what was asked")


def _spans(element: ET.Element) -> Iterator[tuple[Code, Code]]:
    for one in element:
        if _tag(one) == "range":
            low, high = (_code(one.get(key, "")) for key in ("min", "max"))
            if low != "" and high != "":
                yield low, high
        elif _tag(one) == "item" and one.get("VALUE"):
            yield (code := _code(one.get("VALUE", ""))), code


def _code(text: str) -> Code:
    text = text.strip()
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,15}\.\d{1,15}", text) else text


def _tag(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(element: ET.Element, tag: str) -> Iterator[ET.Element]:
    return (one for one in element if _tag(one) == tag)


def _text(element: ET.Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _own_text(element: ET.Element) -> str:
    return " ".join((element.text or "").split())


def _said(element: ET.Element, tag: str, language: str, other: bool = False) -> str:
    """Text of the child of this name in a language; that without a language is the original's."""
    found = list(_all(element, tag))
    for one in found:
        own = one.get(_LANG)
        if own is not None and language_code(own) == language_code(language):
            return _lines(one)
    return "" if other else next((_lines(one) for one in found if one.get(_LANG) is None), "")


def _lines(element: ET.Element) -> str:
    return "\n".join(" ".join(line.split()) for line in "".join(element.itertext()).strip().splitlines())


def _first_language(found: list[ET.Element]) -> str | None:
    return next((one.get(_LANG) for variable in found[:5] for one in variable.iter() if one.get(_LANG)), None)


def _write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    made, losses = variables_of(questionnaire, NAMING)
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(f"{{{NAMESPACE}}}codeBook", {"version": "2.5", _LANG: questionnaire.language})
    citation = _under(_under(root, "stdyDscr"), "citation")
    _under(_under(citation, "titlStmt"), "titl", questionnaire.title)
    described = _under(root, "dataDscr")
    by_id = {question.id: question for question in questionnaire.questions}
    for number, variable in enumerate(made, start=1):
        words = losses if variable.name in by_id and by_id[variable.name].stem is None else None
        _write_variable(described, variable, number, words)
    ET.indent(root, " ")
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    write_bytes(path, content)
    return (*name_lost(questionnaire, path), *losses.all())


def _write_variable(described: ET.Element, variable: Variable, number: int, losses: Losses | None) -> None:
    discrete = "discrete" if variable.answers else "contin"
    attributes = {"ID": f"V{number}", "name": variable.name, "intrvl": discrete}
    element = _under(described, "var", **attributes, **({"nature": "interval"} if variable.graded else {}))
    _under(element, "labl", variable.label)
    question = _under(element, "qstn")

    def say(parent: ET.Element, tag: str, text: str, field: str, key: int | None = None) -> None:
        _under(parent, tag, text)
        for language, said in (losses.words(variable.name, field, key) if losses else {}).items():
            _under(parent, tag, said, **{_LANG: language})

    say(question, "qstnLit", variable.label, "text")
    if variable.instruction:
        say(question, "ivuInstr", variable.instruction, "instruction")
    bounds = {"min": variable.minimum, "max": variable.maximum}
    if any(value is not None for value in bounds.values()):
        span = {key: str(value) for key, value in bounds.items() if value is not None}
        _under(_under(element, "valrng"), "range", **span)
    codes = list(variable.answers)
    for code, label in variable.labels.items():
        away = variable.is_missing(code)
        category = _under(element, "catgry", **({"missing": "Y"} if away else {}))
        _under(category, "catValu", written(code))
        if away or not variable.graded:
            say(category, "labl", label, "options", int(code))
        elif code in (codes[0], codes[-1]):
            say(category, "labl", label, "low_label" if code == codes[0] else "high_label")
        else:
            say(category, "labl", label, "point_labels", int(code))
    _under(element, "varFormat", type="character" if variable.type == "string" else "numeric")


def _under(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{NAMESPACE}}}{tag}", attributes)
    element.text = xml_text(text) or None
    return element


def _recognises(head: bytes) -> bool:
    return b"codeBook" in head


FORMAT = Format("ddi", "DDI codebook 2.5", (".xml",), _recognises, _read, _write)
