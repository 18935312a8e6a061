"""From what a document lists to the questions on their own, and the groups whose order may be drawn."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from surveys import expressions, piping
from surveys.entries import Battery, Conjoint, Entry, Loop, Order, Section, Vignette
from surveys.languages import Misplaced
from surveys.option import Option
from surveys.question import GoTo, Question

MOST = 20_000
"""Questions of one questionnaire, the copies of loops included."""

MOST_OPTIONS = 100_000
"""Options of all questions of one questionnaire, the items of batteries and the copies of loops included."""

PROFILE = {"en": "Profile {n}", "zh": "方案{n}"}
"""What the profiles of a conjoint task are called; in English where a language has no words for it."""

Loc = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that stay together, and how they follow each other."""

    id: str
    """Id of the section, battery, loop, vignette or conjoint; empty for the whole questionnaire."""
    order: Order
    members: tuple["Group | int", ...]
    """Groups, and places of questions among all questions."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A questionnaire opened up."""

    questions: tuple[Question, ...]
    """Every question, in the order written."""
    root: Group
    """The same in their groups."""
    origins: tuple[Loc, ...]
    """Where in the document each question stands."""


def layout(entries: Iterable[Entry], language: str = "en", order: Order = "fixed") -> Layout:
    """Every question of the entries and the groups they stand in.

    A battery becomes its items, a section its questions, a loop one copy of its questions for each member, a
    vignette its questions with the situation before them, a conjoint its tasks. Conditions of groups are joined with
    those of the questions in them.

    Raises
    ------
    ValueError
        If a loop goes over nothing that was asked before, a vignette or conjoint has the wrong number of profiles,
        or there are more than 20,000 questions, or 100,000 options in all of them.
    """
    opening = _Opening(language)
    members = opening.members(entries, _Around(("questions",)))
    return Layout(tuple(opening.questions), Group("", order, members), tuple(opening.origins))


def flat(entries: Iterable[Entry], language: str = "en") -> Iterator[Question]:
    """Every question of the entries, in the order written; see :func:`layout`."""
    return iter(layout(entries, language).questions)


@dataclass(frozen=True, slots=True)
class _Around:
    """What the groups around an entry lay upon it."""

    loc: Loc
    section: str | None = None
    conditions: tuple[str, ...] = ()
    suffix: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    item: str | None = None

    def under(self, part: int | str, *, condition: str | None = None, section: str | None = None) -> "_Around":
        conditions = self.conditions if condition is None else (*self.conditions, self.here(condition))
        return replace(self, loc=(*self.loc, part), conditions=conditions, section=section or self.section)

    def here(self, condition: str) -> str:
        """A condition with the names of this copy of a loop."""
        return expressions.renamed(condition, self.names, self.item) if self.suffix else condition

    def said(self, text: str) -> str:
        """A wording with the names of this copy of a loop."""
        return piping.renamed(text, self.names, self.item)


class _Opening:
    def __init__(self, language: str) -> None:
        self.questions: list[Question] = []
        self.origins: list[Loc] = []
        self._by_id: dict[str, Question] = {}
        self._options = 0
        self._language = language

    def members(self, entries: Iterable[Entry], around: _Around) -> tuple[Group | int, ...]:
        return tuple(self._open(entry, around.under(place)) for place, entry in enumerate(entries))

    def _open(self, entry: Entry, around: _Around) -> Group | int:
        match entry:
            case Battery():
                return self._battery(entry, around.under("items", condition=entry.show_if))
            case Section():
                name = entry.id + around.suffix
                inside = around.under("questions", condition=entry.show_if, section=name)
                return Group(name, entry.order, self.members(entry.questions, inside))
            case Loop():
                return self._loop(entry, around)
            case Vignette():
                return self._vignette(entry, around.under("questions"))
            case Conjoint():
                return self._conjoint(entry, around)
        return self._add(entry, around)

    def _add(self, question: Question, around: _Around, **update: Any) -> int:
        if around.section is not None:
            update["section"] = around.section
        if around.suffix:
            question = piping.reworded(question, around.said)
            update["id"] = around.names.get(question.id, question.id)
            update["show_if"] = around.here(question.show_if) if question.show_if else None
            update["go_to"] = tuple(
                GoTo(
                    to=around.names.get(rule.to, rule.to),
                    when=None if rule.when is None else around.here(rule.when),
                )
                for rule in question.go_to
            )
        if around.conditions:
            own = update.get("show_if", question.show_if)
            update["show_if"] = _joined((*around.conditions, own) if own else around.conditions)
        if len(self.questions) == MOST:
            raise ValueError(f"there are more than {MOST:,} questions, the copies of loops included; ask fewer")
        self._options += len(question.options)
        if self._options > MOST_OPTIONS:
            raise ValueError(f"the questions have more than {MOST_OPTIONS:,} options in all; ask fewer")
        placed = question.model_copy(update=update) if update else question
        self.questions.append(placed)
        self.origins.append(around.loc)
        self._by_id[placed.id] = placed
        return len(self.questions) - 1

    def _battery(self, battery: Battery, around: _Around) -> Group:
        name = battery.id + around.suffix
        members = []
        for place, item in enumerate(battery.items):
            question = Question(
                id=item.id,
                text=item.text,
                kind=battery.answers,
                options=battery.options,
                minimum=battery.minimum,
                maximum=battery.maximum,
                low_label=battery.low_label,
                high_label=battery.high_label,
                point_labels=battery.point_labels,
                min_selections=battery.min_selections,
                max_selections=battery.max_selections,
                ordinal=battery.ordinal,
                instruction=battery.instruction,
                dimension=item.dimension or battery.dimension,
                topic=item.topic or battery.topic,
                polarity=item.polarity,
                show_if=item.show_if,
                exclude=item.exclude,
                battery=name,
                stem=battery.text,
            )
            members.append(self._add(question, around.under(place)))
        return Group(name, battery.order, tuple(members))

    def _loop(self, loop: Loop, around: _Around) -> Group:
        name = loop.id + around.suffix
        over = loop.over if not isinstance(loop.over, str) else around.names.get(loop.over, loop.over)
        copies = []
        for mark, words, condition in self._gone_over(name, over, around.loc):
            suffix = f"{around.suffix}_{mark}"
            names = {**around.names, **{one: one + suffix for one in _ids(loop.questions)}}
            inside = replace(around.under("questions"), suffix=suffix, names=names, item=words)
            if condition is not None:
                inside = replace(inside, conditions=(*inside.conditions, condition))
            copies.append(Group(f"{name}_{mark}", "fixed", self.members(loop.questions, inside)))
        return Group(name, loop.order, tuple(copies))

    def _gone_over(self, name: str, over: tuple[str, ...] | str, loc: Loc) -> Iterator[tuple[str, str, str | None]]:
        """Members of a loop: what stands after the underscore, in words, and when it is gone through."""
        if not isinstance(over, str):
            for number, words in enumerate(over, start=1):
                yield str(number), words, None
            return
        question = self._by_id.get(over)
        if question is None or question.kind != "multiple":
            raise Misplaced(
                f"the loop {name!r} goes over {over!r}, which is no multiple choice asked before it; name one, or "
                "list the members",
                (*loc, "over"),
            )
        for option in question.options:
            if option.kind == "substantive" and not option.exclusive:
                mark = str(option.code) if option.code >= 0 else f"m{-option.code}"
                yield mark, option.label, f"{option.code} in {over}"

    def _vignette(self, vignette: Vignette, around: _Around) -> Group:
        if vignette.factors.profiles != 1:
            raise ValueError(f"the vignette {vignette.id!r} shows one profile; use kind: conjoint to choose between")
        name = vignette.id + around.suffix
        situation = around.said(vignette.text)
        members = tuple(
            self._add(question, around.under(place), factors=vignette.factors, stem=situation, experiment=name)
            for place, question in enumerate(vignette.questions)
        )
        return Group(name, vignette.order, members)

    def _conjoint(self, conjoint: Conjoint, around: _Around) -> Group:
        if conjoint.factors.profiles < 2:
            raise ValueError(f"the conjoint {conjoint.id!r} needs two profiles or more to choose between")
        name = conjoint.id + around.suffix
        called = PROFILE.get(self._language, PROFILE["en"])
        options = [Option(code=n, label=called.format(n=n)) for n in range(1, conjoint.factors.profiles + 1)]
        if conjoint.none is not None:
            options.append(Option(code=0, label=conjoint.none, pinned=True))
        tasks = []
        for number in range(1, conjoint.tasks + 1):
            task = Question(id=f"{conjoint.id}_{number}", text=conjoint.text, options=tuple(options), ordinal=False)
            tasks.append(self._add(task, around, factors=conjoint.factors, experiment=name))
        return Group(name, conjoint.order, tuple(tasks))


def _ids(entries: Iterable[Entry]) -> Iterator[str]:
    """Ids of the questions that entries become, those of inner loops before their copies are made."""
    for entry in entries:
        if isinstance(entry, Question):
            yield entry.id
        elif isinstance(entry, Battery):
            yield from (item.id for item in entry.items)
        elif isinstance(entry, Conjoint):
            yield from (f"{entry.id}_{number}" for number in range(1, entry.tasks + 1))
        else:
            yield from _ids(entry.questions)


def _joined(conditions: tuple[str, ...]) -> str:
    return conditions[0] if len(conditions) == 1 else " and ".join(f"({condition})" for condition in conditions)
