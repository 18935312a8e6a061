"""Write the pages of keys from the models that read documents, so that pages and program agree.

usage: python scripts/build_docs.py
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

from demoscope.documents import Document
from personas.attributes import Attribute
from personas.composition import RakingSettings
from personas.designs import (
    EveryRow,
    Factorial,
    Integerised,
    Panel,
    Quota,
    Quotas,
    SimpleRandom,
    Stratified,
    Weighted,
)
from personas.document import PopulationDocument
from personas.gazetteer import Cities
from personas.geography import PlacesDocument
from personas.names import Names
from personas.phrases import Phrase, PortraitTemplate
from personas.sources import Conditional, JointCounts, Margin, Microdata, Variable
from simulator.backends.interface import find_backend
from simulator.backends.openai_api.batch import BatchSettings
from simulator.backends.openai_api.settings import (
    EndpointSettings,
    Limits,
    OpenAISettings,
    Prices,
    Reasoning,
    Tries,
)
from simulator.known_answers import KnownAnswersSource
from simulator.protocols.registry import find_protocol
from simulator.reservation import Reservation
from simulator.wave import Condition, Execution, ModelSpec, Wave
from surveys.entries import Battery, Conjoint, Item, Loop, Section, Vignette
from surveys.factors import Factors
from surveys.option import Option
from surveys.presentation_rules import PresentationRules
from surveys.probing.variations import Variation
from surveys.question import Exclusion, GoTo, Question
from surveys.questionnaire import Questionnaire, ScoringKey, Split
from surveys.statement_templates import StatementTemplate
from surveys.translation import Translation, Wording

DOCS = Path(__file__).resolve().parents[1] / "docs"

OPENING = """\
# Waves

A wave is one YAML file; `examples/quickstart.yaml` is one with comments. Unknown keys are refused with the line
they stand on. This page is written by `scripts/build_docs.py` from the models that read the file.

A store continues a wave that is equal or has grown: more respondents, models, conditions, or questions at the
end. Anything else that decides answers is refused with what changed; `execution`, `store`, `durability` and
`min_valid` may change freely. Respondents can be added while people are drawn independently (designs `weighted` and
`random`); a design of fixed size stays as it is ([Populations](populations.md)).
"""


PROFILES = """
A `null` above means "what the profile says". `demoscope` draws 1 to 5 beams, sampling on or off, a memory of 0 to
15 that keeps its order, and names the city; `paper` draws the same but keeps no order in memory; `code` does what the
published code does: 1 to 4 beams, sampling on, memory of 0 to 14 drawn with replacement, the state alone (and none at
all when everything is on), ten repeats. The resolved settings are in the store, in `cells.settings`. Beams take
time: a search of five costs up to four times a single reply (docs/local_engine.md).
"""


def table(title: str, model: type[Document]) -> str:
    """One section: every key with its type, its default and what it means."""
    lines = [f"\n## {title}\n", "| key | default | meaning |", "|---|---|---|"]
    for field, info in model.model_fields.items():
        name = info.alias or field
        if info.is_required():
            default = "required"
        else:
            value = info.get_default(call_default_factory=True)
            default = "as below" if isinstance(value, Document) else f"`{_yaml(value)}`"
        meaning = " ".join((info.description or "").replace("``", "`").split()).replace("|", "\\|")
        values = list(dict.fromkeys(_values(info.annotation)))
        if len(values) > 1:
            meaning += f" One of {', '.join(f'`{value}`' for value in values)}."
        lines.append(f"| `{name}` | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


def _values(annotation: object) -> Iterator[str]:
    """The words that a key may take, when it takes words."""
    if get_origin(annotation) is Literal:
        yield from (repr(value) if str(value).isspace() else str(value) for value in get_args(annotation))
    else:
        for part in get_args(annotation):
            yield from _values(part)


def _yaml(value: object) -> str:
    plain = {None: "null", True: "true", False: "false", (): "[]"}
    if isinstance(value, bool | None | tuple) and value in plain:
        return plain[value]
    return "{}" if value == {} else str(value) if value != "" else "''"


def waves() -> str:
    """The page on waves."""
    sections = [
        table("The wave", Wave),
        table("`models`: one entry a model", ModelSpec),
        table("`resources` of a model", Reservation),
        table("`conditions`: one entry a condition", Condition),
        table("`execution`", Execution),
        table("`settings` of the protocol `def`", find_protocol("def").settings_model),
        table("`presentation` of `def`", PresentationRules),
        PROFILES,
        table("`settings` of the protocol `cao`: the average person", find_protocol("cao").settings_model),
        table("`settings` of the protocol `ccsv-single`", find_protocol("ccsv-single").settings_model),
        table("`settings` of the protocol `ccsv-list`", find_protocol("ccsv-list").settings_model),
        table("`settings` of the protocol `backstory`", find_protocol("backstory").settings_model),
        table("`settings` of the protocol `paraphrase`", find_protocol("paraphrase").settings_model),
        table("`settings` of the protocol `translate`", find_protocol("translate").settings_model),
        table("`settings` of the protocol `wvb`", find_protocol("wvb").settings_model),
        table("`known_answers`", KnownAnswersSource),
        table("`settings` of the protocol `ivc`", find_protocol("ivc").settings_model),
        table("`settings` of the protocol `probe`", find_protocol("probe").settings_model),
        table("`variation` of `probe`, where it is no name", Variation),
        table("`settings` of the protocol `rate`", find_protocol("rate").settings_model),
        table("`settings` of the protocol `scenes`", find_protocol("scenes").settings_model),
        table("`settings` of the backend `llama_cpp`", find_backend("llama_cpp").settings_model),
        table("`settings` of the backend `transformers`", find_backend("transformers").settings_model),
        table("`settings` of the backend `vllm`", find_backend("vllm").settings_model),
        table("`settings` of the backend `openai_api`", OpenAISettings),
        table("`endpoints` of `openai_api`", EndpointSettings),
        table("`limits` of `openai_api`", Limits),
        table("`tries` of `openai_api`", Tries),
        table("`prices` of `openai_api`", Prices),
        table("`reasoning` of `openai_api`", Reasoning),
        table("`batch` of `openai_api`", BatchSettings),
        table("`settings` of the backend `scripted`", find_backend("scripted").settings_model),
    ]
    return OPENING + "".join(sections)


POPULATIONS = """\
# Keys of a population document

[Populations](populations.md) tells what they are for. Unknown keys are refused with the line they stand on. This page
is written by `scripts/build_docs.py` from the models that read the file.
"""


def population_keys() -> str:
    """The page on the keys of a population document."""
    sections = [
        table("The document", PopulationDocument),
        table("`attributes`: name -> what it is", Attribute),
        table("`sources`, `kind: joint`", JointCounts),
        table("`sources`, `kind: margin`", Margin),
        table("`sources`, `kind: conditional`", Conditional),
        table("`sources`, `kind: microdata`", Microdata),
        table("`attributes` of microdata: name -> how it is read", Variable),
        table("`raking`", RakingSettings),
        table("`design`, `kind: weighted`", Weighted),
        table("`design`, `kind: random`", SimpleRandom),
        table("`design`, `kind: quota`", Quotas),
        table("`quotas` of it", Quota),
        table("`design`, `kind: stratified`", Stratified),
        table("`design`, `kind: factorial`", Factorial),
        table("`design`, `kind: every_row`", EveryRow),
        table("`design`, `kind: integerised`", Integerised),
        table("`design`, `kind: panel`", Panel),
        table("`places`", PlacesDocument),
        table("`cities` of the places", Cities),
        table("`phrases`: one entry a clause", Phrase),
        table("`names`", Names),
        table("`portraits`: name of the style -> its template", PortraitTemplate),
    ]
    return POPULATIONS + "".join(sections)


QUESTIONNAIRES = """\
# Keys of a questionnaire

[Questionnaires](questionnaires.md) tells what they are for. Unknown keys are refused with the line they stand on.
This page is written by `scripts/build_docs.py` from the models that read the file.
"""


def questionnaire_keys() -> str:
    """The page on the keys of a questionnaire."""
    sections = [
        table("The questionnaire", Questionnaire),
        table("`questions`, without a `kind` of a group: a question", Question),
        table("`options`: one entry an option", Option),
        table("`go_to`: one entry a rule", GoTo),
        table("`exclude`", Exclusion),
        table("`questions`, `kind: battery`", Battery),
        table("`items` of a battery", Item),
        table("`questions`, `kind: section`", Section),
        table("`questions`, `kind: loop`", Loop),
        table("`questions`, `kind: vignette`", Vignette),
        table("`questions`, `kind: conjoint`", Conjoint),
        table("`factors` of a vignette or conjoint", Factors),
        table("`splits`: one entry a split ballot", Split),
        table("`scoring`: name -> how a score is made", ScoringKey),
        table("`statements`: one entry a template", StatementTemplate),
        table("`translations`: language -> its wordings", Translation),
        table("`words` of a translation: id -> its wording", Wording),
    ]
    return QUESTIONNAIRES + "".join(sections)


PAGES = {"waves.md": waves, "population_keys.md": population_keys, "questionnaire_keys.md": questionnaire_keys}
"""Name of a page in ``docs`` -> what writes it."""


if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
