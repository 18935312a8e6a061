"""What can be wrong with the way through a questionnaire, found when it is read."""

from collections.abc import Iterable, Iterator, Mapping

from surveys import piping
from surveys.conditions import check_condition, cut, named_questions, suggestion
from surveys.expressions import ExpressionError, parse, references
from surveys.flattening import Group, Layout, Loc
from surveys.given import Sort
from surveys.holding import Names, Needs, can_hold
from surveys.order import Path, paths, surely_before
from surveys.question import GoTo, Question
from surveys.skipping import Arms, has_drawn_order, places_of

END = "end"
"""Where ``go_to`` leads to stop the interview."""

MOST_NAMED = 6
"""Questions whose own conditions are looked at to find out whether a condition can hold."""

MOST_TOLD = 8
"""Problems that are told at once."""


def find_problems(
    layout: Layout, arms: Arms, as_written: Mapping[str, Question] | None = None
) -> Iterator[tuple[Loc, str]]:
    """What is wrong, and where in the document: at most eight problems.

    Ids used twice, conditions and wordings that name what is not known or comes later, jumps backward, conditions
    that never hold, and questions that every way jumps over. ``as_written`` are the questions in the words that
    ``label()`` compares, where these are others.
    """
    doubled = list(_doubled(layout, arms))
    if doubled:
        yield from doubled[:MOST_TOLD]
        return
    check = _Check(layout, arms, as_written or {})
    told = 0
    seen: set[str] = set()
    for place in range(len(layout.questions)):
        for message in check.problems(place):
            about = message.partition(": ")[2]  # items of a battery share its conditions
            if about not in seen and told < MOST_TOLD:
                seen.add(about)
                told += 1
                yield layout.origins[place], message
    if not told:
        for place in list(_never_reached(layout))[:MOST_TOLD]:
            question = layout.questions[place]
            message = f"question {question.id!r} is never reached: every way jumps over it; mend the go_to before it"
            yield layout.origins[place], message


def find_unknown_attributes(
    layout: Layout,
    arms: Arms,
    attributes: Mapping[str, Sort],
    levels: Mapping[str, tuple[str, ...]] | None = None,
    ranges: Mapping[str, tuple[int, int]] | None = None,
) -> Iterator[str]:
    """What conditions and wordings want to know of a persona that a population cannot tell, in words.

    Parameters
    ----------
    attributes : mapping
        Attribute of the population -> ``number`` or ``text``.
    levels : mapping, optional
        Attribute -> the levels that it may have.
    ranges : mapping, optional
        Numeric attribute -> its lowest and highest value.
    """
    by_id = {question.id: question for question in layout.questions}
    names = Names(by_id, arms, attributes, levels or {}, ranges or {})
    for question in layout.questions:
        for text in _conditions(question):
            if references(parse(text))[1]:
                try:
                    check_condition(text, names)
                except ExpressionError as error:
                    yield f"question {question.id!r}: {error}"
        for wording in piping.wordings(question):
            for place in piping.places(wording):
                name = place.name.removeprefix("persona.")
                if name != place.name and name not in attributes:
                    yield (
                        f"question {question.id!r}: nobody of the population has the attribute {name!r}"
                        f"{suggestion(name, list(attributes))}"
                    )


class _Check:
    """Looks at one question after the other."""

    def __init__(self, layout: Layout, arms: Arms, as_written: Mapping[str, Question]) -> None:
        self._layout = layout
        self._arms = arms
        by_id = {question.id: question for question in layout.questions}
        self._names = Names(by_id, arms, written=as_written)
        self._places = {question.id: place for place, question in enumerate(layout.questions)}
        self._paths: tuple[Path, ...] = paths(layout)
        self._sound: set[str] = set()
        self._reachable: set[tuple[str, Needs]] = set()
        self._drawn = has_drawn_order(layout.root)

    def problems(self, place: int) -> Iterator[str]:
        """What is wrong with one question, in words."""
        question = self._layout.questions[place]
        if question.split is not None and question.split not in self._arms:
            known = suggestion(question.split, list(self._arms))
            yield f"question {question.id!r}: there is no split {question.split!r}{known or '; add it to `splits`'}"
        if question.factors is not None and question.experiment is None:
            yield f"question {question.id!r}: factors belong to the kinds vignette and conjoint; put it into one"
        if question.show_if is not None:
            wrong = list(self._condition(place, "show_if", question.show_if, itself=False))
            yield from wrong or self._contradiction(place, question.show_if)
        for number, rule in enumerate(question.go_to):
            yield from self._jump(place, number, rule)
        yield from self._arms_named(question)
        for wording in piping.wordings(question):
            if "{{" in wording:
                yield from self._wording(place, wording)

    def _arms_named(self, question: Question) -> Iterator[str]:
        """Wordings of a question of a split that belong to none of its arms."""
        arms = self._arms.get(question.split or "", ())
        for name in question.wordings if arms else ():
            if name not in arms:
                known = suggestion(name, list(arms)) or f"; it has {', '.join(arms)}"
                yield f"question {question.id!r}: wordings: the split {question.split!r} has no arm {name!r}{known}"

    def _condition(self, place: int, what: str, text: str, *, itself: bool) -> Iterator[str]:
        about = f"question {self._layout.questions[place].id!r}: {what}"
        try:
            if text not in self._sound:
                check_condition(text, self._names)
                self._sound.add(text)
        except ExpressionError as error:
            yield f"{about}: {error}"
            return
        for name in named_questions(text, self._names):
            if not (itself and self._places[name] == place):
                yield from (f"{about}: {why}" for why in self._not_before(name, place))

    def _contradiction(self, place: int, text: str) -> Iterator[str]:
        """Why a condition that may hold by itself does not where it stands."""
        needs = self._needs(place, text)
        if not needs.trees or (text, needs) in self._reachable:
            return
        if can_hold(parse(text), self._names, needs):
            self._reachable.add((text, needs))
            return
        name = self._layout.questions[place].id
        yield (
            f"question {name!r}: show_if: {cut(text)!r} can never hold when this question is reached: the conditions "
            "or jumps of the questions that it names contradict it; mend or remove it"
        )

    def _needs(self, place: int, text: str) -> Needs:
        """What is sure of the answers that a condition names, and of those that these hang on."""
        names = list(dict.fromkeys(named_questions(text, self._names)))
        asked_when: dict[str, str] = {}
        for name in names:  # and those that are added meanwhile
            own = self._layout.questions[self._places[name]].show_if
            if own is None or own not in self._sound:  # what is wrong with that one is told where it stands
                continue
            further = [one for one in dict.fromkeys(named_questions(own, self._names)) if one not in names]
            if len(names) + len(further) <= MOST_NAMED:
                asked_when[name] = own
                names += further
        return Needs(tuple(asked_when.items()), tuple(self._passed(place, names)))

    def _passed(self, place: int, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Questions whose answers alone would have led past this one, and when."""
        for name in names if not self._drawn else ():
            alone = frozenset({name}), frozenset[str]()
            rule = next(iter(self._layout.questions[self._places[name]].go_to), None)
            beyond = rule is not None and self._places.get(rule.to, len(self._places)) > place
            if rule is None or rule.when is None or not beyond or rule.when not in self._sound:
                continue
            if references(parse(rule.when)) == alone:
                yield name, rule.when

    def _not_before(self, name: str, place: int) -> Iterator[str]:
        """Why the answer to a question is not there yet."""
        asked = self._layout.questions[self._places[name]]
        if not asked.is_asked:
            yield f"{name!r} is excluded and never answered; ask for another question"
        elif self._places[name] == place:
            yield f"{name!r} is this question itself, which is not answered yet; ask for an earlier one"
        elif not surely_before(self._paths[self._places[name]], self._paths[place]):
            if self._places[name] > place:
                yield f"{name!r} comes later; move it before this question, or ask for an earlier one"
            else:
                yield f"{name!r} may come later, since their order is drawn; keep the order fixed, or ask for another"

    def _jump(self, place: int, number: int, rule: GoTo) -> Iterator[str]:
        question = self._layout.questions[place]
        about = f"question {question.id!r}: go_to"
        if number and question.go_to[number - 1].when is None:
            yield f"{about}: no rule counts after one without `when`; put that one last"
        if rule.when is not None:
            yield from self._condition(place, "go_to", rule.when, itself=True)
        if rule.to == END:
            return
        target = self._places.get(rule.to)
        if target is None and rule.to in set(_group_ids(self._layout.root)):
            yield f"{about}: {rule.to!r} groups questions; name the first question in it"
        elif target is None:
            yield f"{about}: there is no question {rule.to!r}{suggestion(rule.to, [*self._places, END])}"
        elif target <= place:
            yield f"{about}: {rule.to!r} comes earlier; go to a later question, or to `end`; a loop repeats questions"
        elif not surely_before(self._paths[place], self._paths[target]):
            yield f"{about}: {rule.to!r} may come earlier, since their order is drawn; keep the order fixed"

    def _wording(self, place: int, wording: str) -> Iterator[str]:
        question = self._layout.questions[place]
        about = f"question {question.id!r}"
        try:
            found = piping.places(wording)
        except ValueError as error:
            yield f"{about}: {error}"
            return
        for inserted in found:
            name, _, part = inserted.name.partition(".")
            if _is_level(inserted.name, question) or (name == "persona" and part):
                continue
            if part not in ("", "code") or name not in self._places:
                known = [*self._places, *(question.factors.attributes if question.factors else ())]
                hint = suggestion(name, known) or "; insert an earlier question, persona.age, or the item of a loop"
                yield f"{about}: {{{{ {inserted.name} }}}} stands for nothing{hint}"
            elif self._layout.questions[self._places[name]].kind == "note":
                yield f"{about}: {{{{ {inserted.name} }}}} is a note, which nothing answers"
            else:
                yield from (f"{about}: {{{{ {inserted.name} }}}}: {why}" for why in self._not_before(name, place))


def _is_level(name: str, question: Question) -> bool:
    factors = question.factors
    return factors is not None and factors.profiles == 1 and name in factors.attributes


def _conditions(question: Question) -> Iterator[str]:
    if question.show_if is not None:
        yield question.show_if
    yield from (rule.when for rule in question.go_to if rule.when is not None)


def _doubled(layout: Layout, arms: Arms) -> Iterator[tuple[Loc, str]]:
    first: dict[str, int] = {}
    for place, question in enumerate(layout.questions):
        before = first.setdefault(question.id.casefold(), place)
        if before != place:
            yield (
                layout.origins[place],
                f"question id {question.id!r} is used twice (questions {before + 1} and {place + 1}; case does not "
                "count); every question needs its own",
            )
        elif question.id in arms:
            yield layout.origins[place], f"question id {question.id!r} is also the id of a split; rename one"

    groups: set[str] = set()
    for name in _group_ids(layout.root):
        if name in groups:
            yield (
                ("questions",),
                f"the id {name!r} is used by two groups; draws are keyed by it, so each needs its own",
            )
        groups.add(name)


def _group_ids(group: Group) -> Iterator[str]:
    for member in group.members:
        if isinstance(member, Group):
            yield member.id
            yield from _group_ids(member)


def _never_reached(layout: Layout) -> Iterator[int]:
    """Questions that every way jumps over, where no order is drawn."""
    if not any(question.go_to for question in layout.questions) or has_drawn_order(layout.root):
        return
    places = places_of(layout)
    reached = [True] + [False] * len(layout.questions)
    for place, question in enumerate(layout.questions):
        if not reached[place]:
            if question.is_asked:
                yield place
            continue
        goes_on = True
        for rule in question.go_to if question.is_asked else ():
            reached[places.get(rule.to, len(layout.questions))] = True
            if rule.when is None:
                goes_on = question.show_if is not None or any("{{" in text for text in piping.wordings(question))
        reached[place + 1] |= goes_on
