"""Languages as other tools name them, and as ISO 639-1 codes."""

import re

_NAMES = {
    "arabic": "ar", "bengali": "bn", "chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
    "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu",
    "indonesian": "id", "italian": "it", "japanese": "ja", "korean": "ko", "norwegian": "no", "persian": "fa",
    "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru", "spanish": "es", "swahili": "sw",
    "swedish": "sv", "thai": "th", "turkish": "tr", "ukrainian": "uk", "urdu": "ur", "vietnamese": "vi",
}  # fmt: skip
_SCRIPTS = {"zh-s": "zh", "zh-cn": "zh", "zh-hans": "zh", "zh-t": "zh-hant", "zh-tw": "zh-hant"}


def language_code(name: str) -> str:
    """ISO 639-1 code, with a region where the tool has one, of a language as another tool writes it.

    >>> [language_code(name) for name in ("EN", "English (en)", "chinese", "PT-BR", "zh-cn", "Klingon")]
    ['en', 'en', 'zh', 'pt-br', 'zh', 'klingon']
    """
    text = name.strip().lower().replace("_", "-")
    in_brackets = re.search(r"\(([a-z]{2,3}(?:-[a-z0-9]+)*)\)\s*$", text)
    text = in_brackets[1] if in_brackets else text
    text = _NAMES.get(text, text)
    return _SCRIPTS.get(text, re.sub(r"[^a-z0-9-]+", "-", text).strip("-")[:35] or "und")


def language_name(code: str) -> str:
    """A language as XLSForm writes it.

    >>> language_name("zh"), language_name("xx")
    ('Chinese (zh)', 'xx (xx)')
    """
    known = {short: name.capitalize() for name, short in _NAMES.items()}
    return f"{known.get(code, code)} ({code})"
