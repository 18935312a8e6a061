"""What WorldValuesBench takes from wave 7 of the World Values Survey: questions, ranges, recodes, probe questions.

Facts of the questionnaire (World Values Survey Association, master questionnaire 2017-2022) as WorldValuesBench
(Zhao et al. 2024, LREC-COLING) selected and recoded them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Education = Literal["numeric", "code"]

WHERE_TO_GET = (
    "The file is `WVS Cross-National Wave 7` (csv, SPSS or Stata, version 5 or 6), free of charge after a form at "
    "https://www.worldvaluessurvey.org/WVSDocumentationWV7.jsp, section Statistical Data Files."
)
"""What to tell somebody whose file is not the one."""

PERSON = "D_INTERVIEW"
"""Column that identifies a respondent."""

COUNTRY, SETTLEMENT, EDUCATION = "B_COUNTRY", "H_URBRURAL", "Q275"
"""Columns that the probe is stratified by."""


class Scale(NamedTuple):
    """Where the answers of a value question lie, both ends included.

    >>> Scale(1, 4, "Ethical Values").levels
    4
    """

    minimum: int
    maximum: int
    category: str

    @property
    def levels(self) -> int:
        """Number of answers."""
        return self.maximum - self.minimum + 1


_SOCIAL = "Social Values, Norms, Stereotypes"
_HAPPY = "Happiness and Wellbeing"
_CAPITAL = "Social Capital, Trust and Organizational Membership"
_ECONOMIC = "Economic Values"
_CORRUPTION = "Perceptions of Corruption"
_MIGRATION = "Perceptions of Migration"
_SECURITY = "Perceptions of Security"
_SCIENCE = "Perceptions about Science and Technology"
_RELIGION = "Religious Values"
_ETHICS = "Ethical Values"
_INTEREST = "Political Interest and Political Participation"
_CULTURE = "Political Culture and Political Regimes"

_RUNS: tuple[tuple[int, int, int, int, str], ...] = (
    *((1, 6, 1, 4, _SOCIAL), (7, 26, 1, 2, _SOCIAL), (27, 32, 1, 4, _SOCIAL), (33, 41, 1, 5, _SOCIAL)),
    *((43, 45, 1, 3, _SOCIAL), (46, 46, 1, 4, _HAPPY), (47, 47, 1, 5, _HAPPY), (48, 50, 1, 10, _HAPPY)),
    *((51, 55, 1, 4, _HAPPY), (56, 56, 1, 3, _HAPPY), (57, 57, 1, 2, _CAPITAL), (58, 81, 1, 4, _CAPITAL)),
    *((94, 104, 0, 2, _CAPITAL), (106, 110, 1, 10, _ECONOMIC), (111, 111, 1, 2, _ECONOMIC)),
    *((112, 112, 1, 10, _CORRUPTION), (113, 118, 1, 4, _CORRUPTION), (119, 119, 1, 5, _CORRUPTION)),
    *((120, 120, 1, 10, _CORRUPTION), (121, 121, 1, 5, _MIGRATION), (122, 129, 0, 2, _MIGRATION)),
    *((130, 130, 1, 4, _MIGRATION), (131, 138, 1, 4, _SECURITY), (139, 141, 1, 2, _SECURITY)),
    *((142, 143, 1, 4, _SECURITY), (144, 145, 1, 2, _SECURITY), (146, 148, 1, 4, _SECURITY)),
    *((149, 151, 1, 2, _SECURITY), (158, 163, 1, 10, _SCIENCE), (164, 164, 1, 10, _RELIGION)),
    *((165, 168, 1, 2, _RELIGION), (169, 170, 1, 4, _RELIGION), (171, 171, 1, 7, _RELIGION)),
    *((172, 172, 1, 8, _RELIGION), (173, 173, 1, 3, _RELIGION), (174, 175, 1, 2, _RELIGION)),
    *((176, 195, 1, 10, _ETHICS), (196, 198, 1, 4, _ETHICS), (199, 199, 1, 4, _INTEREST)),
    *((200, 200, 1, 3, _INTEREST), (201, 208, 1, 5, _INTEREST), (209, 222, 1, 3, _INTEREST)),
    *((224, 234, 1, 4, _INTEREST), (235, 239, 1, 4, _CULTURE), (240, 252, 1, 10, _CULTURE)),
    (253, 259, 1, 4, _CULTURE),
)
"""First and last number, lowest and highest answer, category."""


def _scales() -> Mapping[str, Scale]:
    scales: dict[str, Scale] = {}
    for first, last, minimum, maximum, category in _RUNS:
        for number in range(first, last + 1):
            scales[f"Q{number}"] = Scale(minimum, maximum, category)
            if number == 234:
                scales["Q234A"] = Scale(1, 5, category)
    return MappingProxyType(scales)


SCALES: Mapping[str, Scale] = _scales()
"""The 239 value questions, in the order of the questionnaire, after their recodes."""

DEMOGRAPHICS: tuple[str, ...] = (
    *("A_YEAR", "B_COUNTRY", "J_INTDATE", "N_TOWN", "G_TOWNSIZE", "H_SETTLEMENT", "H_URBRURAL", "S_INTLANGUAGE"),
    *("E1_LITERACY", "Q260", "Q261", "Q262", "X003R", *(f"Q{number}" for number in range(263, 290))),
    *("Q289CS9", "Q290"),
)
"""The 42 demographic columns, in the order of the published tables."""

RECODES: Mapping[str, Mapping[int, int | None]] = MappingProxyType(
    {
        "Q56": {2: 3, 3: 2},
        "Q111": {3: None},
        "Q119": {0: 3, 3: 4, 4: 5},
        "Q221": {4: None},
        "Q222": {4: None},
        **{f"Q{number}": {0: 1} for number in range(241, 250)},
        "Q254": {5: None},
    }
)
"""Answers that are put in order before the range is checked; ``None`` is no answer."""

ORDINAL_DEMOGRAPHICS: Mapping[str, tuple[int, int]] = MappingProxyType({"Q288": (1, 10)})
"""Demographic columns whose answers are numbers on a scale."""


def _probe() -> tuple[str, ...]:
    by_category: dict[str, list[str]] = {}
    for question, scale in SCALES.items():
        by_category.setdefault(scale.category, []).append(question)
    return tuple(question for questions in by_category.values() for question in questions[:3])


PROBE: tuple[str, ...] = _probe()
"""The 36 probe questions: the first three of each category, in the order of the published files."""

SETTLEMENTS: Mapping[int, str] = MappingProxyType({1: "Urban", 2: "Rural"})
"""Code of ``H_URBRURAL`` -> how the probe calls it."""

_LEVELS = {
    "Primary or No Education": (0, 1),
    "Lower Secondary": (2,),
    "Upper to Post Secondary": (3, 4, 5),
    "Tertiary": (6, 7, 8),
}


def education_levels(rule: Education = "numeric") -> Mapping[int, str]:
    """Code of ``Q275`` (ISCED 2011) -> level of education of the probe.

    The published table spells ISCED 7 otherwise than the published codebook, so the published join finds no level for
    people with a master's degree: they never enter the published probe. ``code`` leaves them out likewise.

    >>> education_levels()[7], education_levels("code").get(7)
    ('Tertiary', None)
    """
    return {code: level for level, codes in _LEVELS.items() for code in codes if not (rule == "code" and code == 7)}


DUPLICATED = 858069901
"""Identifier that stands on many rows of version 5."""

ROWS = MappingProxyType({"5-0": 94_278})
"""Version of the file -> respondents it should have, where that is known."""
