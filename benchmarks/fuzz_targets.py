"""What ``fuzz.py`` feeds: every reader of files and every parser of replies, each with good inputs to spoil."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.annotation import read_sheet
from analysis.def_rules import rules_named
from analysis.insensitivity import parse_verdict
from analysis.reading import open_results
from analysis.resolutions import read_resolutions
from demoscope.columns import read_columns, read_header
from demoscope.documents import read as read_model
from demoscope.errors import DemoscopeError
from demoscope.tables import read_table
from personas import Population
from simulator.backends.openai_api.replies import Failure, read_reply, read_usage
from simulator.backends.openai_api.tokens import read_tokens
from simulator.gpus import read_gpus
from simulator.json_schema import read as read_schema
from simulator.json_values import loads
from simulator.judges import read_judge
from simulator.loading import load_wave
from simulator.parsing import ParsingRules, parse
from simulator.shards import Shard
from surveys import Questionnaire
from surveys.expressions import ExpressionError
from surveys.expressions import parse as parse_expression
from surveys.formats.conversion import read_questionnaire
from surveys.formats.logic import Untranslatable
from surveys.formats.qualtrics.conditions import read_condition as from_qualtrics
from surveys.formats.registry import formats
from surveys.formats.surveyjs.conditions import read_condition as from_surveyjs
from surveys.formats.xlsform.conditions import read_condition as from_xlsform
from surveys.judging import read_verdict
from surveys.presentation import present
from surveys.probing.labels import read_label, read_label_as_published
from surveys.probing.percentages import read_percentages
from surveys.reference import read_reference
from surveys.rewording import read_reply as read_rewording
from surveys.scene_writing import read_checks, read_rating, read_scenes
from tests.conftest import SURVEY, WAVE
from tests.every_kind import portable
from tests.malformed import good_files
from tests.results import split_public
from tests.test_columns import DATA, MAPPING


@dataclass(frozen=True)
class Target:
    """Something that reads what others wrote."""

    seeds: tuple[bytes, ...]
    """Good inputs."""
    read: Callable[[bytes], object]
    """Takes one input; whatever it raises that is not in ``told`` is a defect."""
    told: tuple[type[Exception], ...] = (DemoscopeError,)
    """Errors that say to a person, or to the caller, what is wrong with the input."""
    share: float = 1.0
    """Of the inputs asked for: readers of files get a tenth of what parsers of text get."""


def _text(content: bytes) -> str:
    """As a reply arrives: any text, control characters and halves of characters included."""
    return content.decode("utf-8", errors="surrogateescape" if content[:1] == b"\xff" else "replace")


REPLIES = (
    b"Answer: 2: right\nExplanation: Fair.",
    "**答案**：1：是\n解释：没有。".encode(),
    b"<think>Hm.</think> I would say (B), because 3 of 4 do; 25%.\nAnswer: 1, 2",
    b'{"answer": "2: Coffee", "rationale": "A: 25%\\nB: 75%"}',
    b"1. Situation: PersonX waits.\nAction A: PersonX stays.\nAction B: PersonX goes.\n[1] new [2] words",
    b"Answer: Yes = 40, No = 60\nExplanation: As an AI language model, I cannot.",
    b'{"Q1": "Yes", "Q2": "No", "Q3": Yes, "Q4": no}',
)
CONDITIONS = (
    b"trust == 1 and (age >= 30 or 2 in likes)",
    b"not answered(tea) or persona.age > 20",
    b"{age} >= 18 and {likes} contains 2 or {x} anyof [1, 'two']",
    b"selected(${likes}, 'a') and ${age} > 18 and not(. = '')",
    b"count-selected(${likes}) <= 2 and string-length(.) < 30",
)
TOP = {"token": "B", "logprob": -2.5, "bytes": None}
REPLY_JSON = json.dumps(
    {
        "id": "1",
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "<think>Hm.</think>A", "n": 1},
                "finish_reason": "stop",
                "logprobs": {"content": [{"token": "A", "logprob": -0.1, "bytes": [65], "top_logprobs": [TOP]}]},
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}},
    }
).encode()
SCHEMA = (
    b'{"type":"object","properties":{"a":{"type":"integer","minimum":1},"b":{"enum":["x","y"]}},"required":["a","b"]}'
)
SHEET = "\n".join(
    (
        "number,respondent,question,replicate,asked,answer,explanation,IU,QC,RP,CV,FF,IR,annotator",
        '1,1,trust,0,"Trust?",Yes,"So, so",yes,no,,,,yes,AB',
    )
).encode()
QUALTRICS = (
    b'{"0":{"0":{"LogicType":"Question","QuestionID":"QID1","Operator":"Selected","ChoiceLocator":'
    b'"q://QID1/SelectableChoice/1"},"Type":"If"},"Type":"BooleanExpression"}'
)
WORDINGS = {"A": "No, 5% of them", "B": "Yes", "C": "I do not know"}


def parsers() -> dict[str, Target]:
    """Parsers of texts that models, endpoints and documents send."""
    asked = [question for question in portable().questions if question.kind != "note" and not question.exclude]
    shown = [(question, present(question, None)) for question in asked]
    rules = (ParsingRules(), ParsingRules(refusal_test="search", careful=False))

    def reply(content: bytes) -> None:
        question, presentation = shown[sum(content[:8]) % len(shown)]
        for rule in rules:
            parse(_text(content), question, presentation, rule, cut=len(content) % 7 == 0)

    def probes(content: bytes) -> None:
        text = _text(content)
        read_label(text, WORDINGS)
        read_label_as_published(text, tuple(WORDINGS))
        read_percentages(text, WORDINGS)

    def texts(content: bytes) -> None:
        text = _text(content)
        read_verdict(text)
        for profile in ("code", "demoscope"):
            parse_verdict(text, rules_named(profile))
        read_rewording(text, 1)
        read_rewording(text, 3)
        read_scenes(text, "q")
        read_checks(text)
        read_rating(text)
        read_rating(text, as_published=True)
        read_gpus(text)

    def endpoint(content: bytes) -> None:
        found = json.loads(content)
        read_usage(found)
        read_tokens(read_reply(found, [("<think>", "</think>")]))

    conditions = (ExpressionError, Untranslatable, DemoscopeError)
    return {
        "replies": Target(REPLIES, reply),
        "probe replies": Target(REPLIES, probes),
        "verdicts, rewordings, scenes": Target(REPLIES, texts),
        "API replies": Target((REPLY_JSON,), endpoint, (Failure, json.JSONDecodeError, UnicodeDecodeError)),
        "JSON": Target((*REPLIES[3:4], REPLY_JSON), lambda content: loads(_text(content)), (ValueError,)),
        "JSON schemas": Target(
            (SCHEMA,), lambda content: read_schema(json.loads(content)), (DemoscopeError, ValueError)
        ),
        "conditions": Target(CONDITIONS, lambda content: parse_expression(_text(content)), conditions),
        "SurveyJS conditions": Target(CONDITIONS, lambda content: from_surveyjs(_text(content)), conditions),
        "XLSForm conditions": Target(CONDITIONS, lambda content: from_xlsform(_text(content)), conditions),
        "Qualtrics conditions": Target(
            (QUALTRICS,), lambda content: from_qualtrics(json.loads(content)), (*conditions, ValueError)
        ),
        "shards": Target((b"1/3", b"12/400"), lambda content: Shard.parse(_text(content))),
    }


def readers(folder: Path) -> dict[str, Target]:
    """Readers of files; each input becomes a file in ``folder``."""
    (folder / "good").mkdir()
    (folder / "survey.yaml").write_text(SURVEY)
    found = {f"format {name}": target for name, target in _formats(folder)}
    found |= {f"document {name}": target for name, target in _documents(folder)}
    found |= {f"table {name}": target for name, target in _tables(folder)}
    store = split_public(folder / "good" / "store.sqlite").path
    found["stores"] = Target((store.read_bytes(),), _file(folder, "fuzzed.sqlite", _read_store))
    slow = ("format spss", "format stata")  # each file is read in a process of its own
    return {name: replace(target, share=0.0005 if name in slow else 0.1) for name, target in found.items()}


def _file(folder: Path, name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    path = folder / name

    def reading(content: bytes) -> object:
        path.write_bytes(content)
        return read(path)

    return reading


def _formats(folder: Path) -> Iterator[tuple[str, Target]]:
    (folder / "data.csv").write_text(DATA)
    good = dict(good_files(folder / "good"))
    for name, kind in formats().items():
        seeds = (good[name].read_bytes(),) if name in good else {"columns": (MAPPING.encode(),)}.get(name, ())
        if seeds:

            def read(path: Path, name: str = name) -> object:
                return read_questionnaire(path, name)

            yield name, Target(seeds, _file(folder, f"fuzzed{kind.suffixes[0]}", read))
    anything = tuple(path.read_bytes() for path in good.values())
    yield "guessed", Target(anything, _file(folder, "fuzzed.bin", read_questionnaire))


def _documents(folder: Path) -> Iterator[tuple[str, Target]]:
    population = {
        "id": "town",
        "title": "A town",
        "source": "Written for this",
        "attributes": {
            "sex": {"levels": {"male": {"en": "man", "zh": "男性"}, "female": "woman"}},
            "age": {"kind": "numeric", "unit": "years", "bands": {"young": [18, 39], "old": [40, 90]}},
        },
        "sources": [
            {"attributes": ["sex"], "shares": {"male": 1, "female": 1}},
            {"attributes": ["age"], "shares": {"young": 2, "old": 1}},
        ],
        "phrases": [{"tells": ["sex"], "text": {"en": "you are {{ sex | a }}", "zh": "你是{{ sex }}"}}],
        "places": {"country": "Netherlands"},
    }
    judge = {"model": {"name": "j", "backend": "scripted", "settings": {}}, "settings": {"share": 0.5}}
    library = Path(__file__).resolve().parents[1] / "surveys" / "library"
    (folder / "gss_spending_2018.csv").write_bytes((library / "gss_spending_2018.csv").read_bytes())
    reference = (library / "gss_spending_2018.yaml").read_bytes()
    texts: Mapping[str, tuple[tuple[bytes, ...], Callable[[Path], object]]] = {
        "wave": ((WAVE.encode(),), load_wave),
        "population": ((json.dumps(population, indent=1).encode(),), Population.load),
        "questionnaire": ((SURVEY.encode(),), lambda path: read_model(Questionnaire, path)),
        "judge": ((json.dumps(judge, indent=1).encode(),), read_judge),
        "reference": ((reference,), read_reference),
    }
    for name, (seeds, read) in texts.items():
        yield name, Target(seeds, _file(folder, "fuzzed.yaml", read))


def _tables(folder: Path) -> Iterator[tuple[str, Target]]:
    def columns(path: Path) -> Any:
        header = read_header(path)
        return read_columns(path, header, header.names)

    yield "columns", Target((b"a\tb\n1\t2\n", b'a,b\n"x, y",2\n'), _file(folder, "columns.csv", columns))
    yield "rows", Target((b"a,b\n1,2\n",), _file(folder, "rows.csv", lambda path: read_table(path, ["a", "b"])))
    yield "annotations", Target((SHEET,), _file(folder, "sheet.csv", read_sheet))
    resolutions = b"respondent,question,code,replicate\n1,trust,2,0\n2,trust,invalid,\n"
    yield "resolutions", Target((resolutions,), _file(folder, "resolved.csv", read_resolutions))


def _read_store(path: Path) -> None:
    with closing(open_results(path)):
        return
