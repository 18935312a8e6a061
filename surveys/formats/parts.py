"""Parts of a JSON document of which every key is taken, or else reported."""

from typing import Any

from surveys.formats.draft import Draft


class Part:
    """An object of a document: what is never taken from it is left out by :meth:`close`.

    Values of another type than asked for count as not taken.
    """

    def __init__(self, content: object, where: str) -> None:
        self.content: dict[str, Any] = content if isinstance(content, dict) else {}
        self.where = where
        self._taken: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def any(self, *keys: str) -> Any:
        """The value of the first of these keys that is there; ``None`` when none is."""
        for key in keys:
            if key in self.content:
                self._taken.add(key)
                return self.content[key]
        return None

    def word(self, *keys: str) -> str:
        """A text or number as text; empty when there is none."""
        for key in keys:
            value = self.content.get(key)
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                self._taken.add(key)
                return str(value)
        return ""

    def whole(self, *keys: str) -> int | None:
        """A whole number, which may be written as text."""
        for key in keys:
            value = self.content.get(key)
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                continue
            try:
                number = float(value)
            except (ValueError, OverflowError):
                continue
            if number.is_integer() and abs(number) < 1e15:
                self._taken.add(key)
                return int(number)
        return None

    def flag(self, *keys: str) -> bool:
        """Whether one of these keys says yes."""
        return any(self._says(key) for key in keys)

    def _says(self, key: str) -> bool:
        value = self.content.get(key)
        if isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false", "on", "off")):
            self._taken.add(key)
            return value is True or str(value).lower() in ("true", "on")
        return False

    def listed(self, *keys: str) -> list[Any]:
        """A list; empty when there is none."""
        for key in keys:
            value = self.content.get(key)
            if isinstance(value, list):
                self._taken.add(key)
                return value
        return []

    def ignore(self, *keys: str) -> None:
        """Keys that say nothing about what is asked, such as identifiers of the file itself."""
        self._taken.update(keys)

    def close(self, draft: Draft, why: str = "respondents here have nothing like it") -> None:
        """Report every key that nobody took, unless it is empty."""
        for key, value in self.content.items():
            if key not in self._taken and value not in (None, "", [], {}, False):
                draft.leave_out(self.where, f"{key}: {str(value)[:120]}", why)
