"""The words of a report in the languages it speaks, a file each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from analysis.opening import ENGLISH
from demoscope.errors import DemoscopeError

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Words:
    """What a report says in one language.

    >>> words_in("en")("share_of", share="12%")
    '12% of the answers'
    """

    language: str
    phrases: Mapping[str, str]
    opening: Mapping[str, str]
    """Sentences of :func:`analysis.opening.opening`."""
    sentences: Mapping[str, str]
    """Sentences that the analysis says in English, such as why a question is not compared."""

    def __call__(self, phrase: str, /, **values: object) -> str:
        """A phrase with its values."""
        return self.phrases[phrase].format(**values)

    def said(self, sentence: str) -> str:
        """A sentence of the analysis in this language; in English where nobody translated it."""
        return self.sentences.get(sentence, sentence)


@cache
def words_in(language: str) -> Words:
    """The words of one language.

    Raises
    ------
    DemoscopeError
        If the report does not speak it.
    """
    if language not in LANGUAGES:
        raise DemoscopeError(f"The report does not speak {language!r}; it speaks {' and '.join(LANGUAGES)}.")
    content = yaml.safe_load(files("analysis.report").joinpath(f"words/{language}.yaml").read_text(encoding="utf-8"))
    return Words(language, content["phrases"], content.get("opening", ENGLISH), content.get("sentences", {}))
