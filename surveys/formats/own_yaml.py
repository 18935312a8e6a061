"""Our own documents: YAML in the document's own terms, nothing left out."""

from pathlib import Path
from typing import Any

import yaml

from demoscope.documents import read
from surveys.formats.interface import Format, LeftOut, Reading
from surveys.formats.output import write_text
from surveys.option import PRESETS, Option, preset
from surveys.questionnaire import Questionnaire

_WIDTH = 110


def _read(path: Path) -> Reading:
    return Reading(read(Questionnaire, path))


def _write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    write_text(path, as_yaml(questionnaire))
    return ()


def as_yaml(questionnaire: Questionnaire) -> str:
    """The questionnaire as people would write it: defaults left away, usual sets of options by their names.

    >>> from surveys.load import load_questionnaire
    >>> print(as_yaml(load_questionnaire("gss_spending"))[:15])
    id: gss_spendin
    """
    content = questionnaire.model_dump(by_alias=True, exclude_defaults=True)
    content["questions"] = [_named_options(entry, questionnaire) for entry in content["questions"]]
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and everything in full wherever it stands."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _named_options(entry: dict[str, Any], questionnaire: Questionnaire) -> dict[str, Any]:
    entry = dict(entry)
    if "questions" in entry:
        entry["questions"] = [_named_options(inner, questionnaire) for inner in entry["questions"]]
    if "options" in entry:
        options = tuple(Option(**option) for option in entry["options"])
        for name in PRESETS:
            if _is_usual(name, options, entry["id"], questionnaire):
                entry["options"] = name
    return entry


def _is_usual(name: str, options: tuple[Option, ...], entry_id: str, questionnaire: Questionnaire) -> bool:
    """Whether options are a usual set in every language in which the set is there."""
    labels = PRESETS[name]
    if questionnaire.language not in labels or options != preset(name, questionnaire.language):
        return False
    translations = questionnaire.translations.items()
    return all(
        (wording := words.words.get(entry_id)) is not None
        and wording.options == {option.code: option.label for option in preset(name, language)}
        for language, words in translations
        if language in labels
    )


def _recognises(head: bytes) -> bool:
    return b"questions:" in head and not head.lstrip().startswith((b"{", b"<", b"PK"))


FORMAT = Format("yaml", "Demoscope's own documents", (".yaml", ".yml"), _recognises, _read, _write)
