"""Wordings of other tools as plain text: markup taken out, characters that cannot be shown replaced."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MARKUP = re.compile(r"<[a-zA-Z/!][^<>]*>|&[#a-zA-Z][a-zA-Z0-9]*;")
_BLOCKS = frozenset({"p", "div", "br", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr"})
_SILENT = frozenset({"script", "style"})
_MEDIA = frozenset({"img", "audio", "video", "iframe", "embed", "object"})
_KNOWN = (
    _BLOCKS
    | _SILENT
    | _MEDIA
    | frozenset(
        re.findall(
            r"\w+",
            "a abbr acronym address article aside b base bdi bdo big blockquote body button caption center cite code "
            "col colgroup data dd del details dfn dl dt em fieldset figcaption figure font footer form head header "
            "html i input ins kbd label legend link main map mark meta nav noscript ol optgroup option param picture "
            "pre q rp rt ruby s samp section select small source span strike strong sub summary sup svg tbody td "
            "template textarea tfoot th thead time title track tt u var wbr",
        )
    )
)


@dataclass(frozen=True)
class Plain:
    """What a browser would have shown of a wording with markup."""

    text: str
    """The text alone."""
    media: tuple[str, ...] = ()
    """Kinds of media (``img``, ``video`` ...) that stood in it."""
    unknown: tuple[str, ...] = ()
    """Tags that no browser knows, and so shows nothing of."""


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.media: list[str] = []
        self.unknown: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag in _MEDIA:
            self.media.append(tag)
        if tag not in _KNOWN and ":" not in tag:
            self.unknown.append(self.get_starttag_text() or tag)

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        if tag in _BLOCKS - {"br"}:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain(text: str) -> Plain:
    """The text without its markup, as a browser shows it.

    >>> plain("How <b>old</b> are&nbsp;you?<br>In years. <img src='x.png'>")
    Plain(text='How old are you?\\nIn years.', media=('img',), unknown=())
    >>> plain("if a < b")
    Plain(text='if a < b', media=(), unknown=())
    >>> plain("Rate <brand>")
    Plain(text='Rate', media=(), unknown=('<brand>',))
    """
    if not _MARKUP.search(text):
        return Plain(shown(text))
    parser = _Text()
    parser.feed(text)
    parser.close()
    return Plain(shown("".join(parser.parts)), tuple(parser.media), tuple(parser.unknown))


def shown(text: str) -> str:
    """The text with blanks for characters that cannot be shown, and single blanks and line breaks.

    >>> shown(" Rate  <brand>\\r\\n\\r\\nnow ")
    'Rate <brand>\\nnow'
    """
    text = _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _UNSHOWN.sub(" ", text.replace("\xa0", " "))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
