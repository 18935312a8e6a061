"""From what a document lists to the questions on their own."""

from collections.abc import Iterable, Iterator

from surveys.entries import Battery, Conjoint, Entry, Loop, Section, Vignette
from surveys.question import Question


def flat(entries: Iterable[Entry], section: str | None = None) -> Iterator[Question]:
    """Every question of the entries, in the order written.

    A battery becomes its items, a section its questions.
    """
    for entry in entries:
        if isinstance(entry, Question):
            yield entry if section is None else entry.model_copy(update={"section": section})
        elif isinstance(entry, Battery):
            yield from _items(entry, section)
        elif isinstance(entry, Section):
            yield from flat(entry.questions, entry.id)
        elif isinstance(entry, Loop | Vignette | Conjoint):
            raise ValueError(f"{entry.kind} is not asked yet")


def _items(battery: Battery, section: str | None) -> Iterator[Question]:
    for item in battery.items:
        yield Question(
            id=item.id,
            text=item.text,
            kind=battery.answers,
            options=battery.options,
            minimum=battery.minimum,
            maximum=battery.maximum,
            low_label=battery.low_label,
            high_label=battery.high_label,
            instruction=battery.instruction,
            dimension=item.dimension or battery.dimension,
            topic=item.topic or battery.topic,
            polarity=item.polarity,
            show_if=item.show_if or battery.show_if,
            section=section,
            battery=battery.id,
            stem=battery.text,
        )
