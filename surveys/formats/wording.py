"""Wordings of other tools as plain text: markup taken out, characters that cannot be shown replaced."""

import re
from html.parser import HTMLParser

_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MARKUP = re.compile(r"<[a-zA-Z/!][^<>]*>|&[#a-zA-Z][a-zA-Z0-9]*;")
_BLOCKS = frozenset({"p", "div", "br", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr"})
_SILENT = frozenset({"script", "style"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.media: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag in ("img", "audio", "video", "iframe", "embed", "object"):
            self.media.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        if tag in _BLOCKS - {"br"}:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without markup, and the kinds of media (``img``, ``video`` ...) that stood in it.

    >>> plain("How <b>old</b> are&nbsp;you?<br>In years. <img src='x.png'>")
    ('How old are you?\\nIn years.', ('img',))
    >>> plain("if a < b")
    ('if a < b', ())
    """
    media: tuple[str, ...] = ()
    if _MARKUP.search(text):
        parser = _Text()
        parser.feed(text)
        parser.close()
        text, media = "".join(parser.parts), tuple(parser.media)
    text = _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _UNSHOWN.sub(" ", text.replace("\xa0", " "))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line), media
