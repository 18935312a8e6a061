"""Rules of ours that skip, as Qualtrics has them: on a choice, to the end of the block or of the survey."""

from collections.abc import Mapping, Sequence
from typing import Any

from surveys.formats.logic import Comparison, Junction, Logic, Negation, Untranslatable, parse
from surveys.formats.losses import Losses
from surveys.formats.qualtrics.conditions import Place
from surveys.question import GoTo, Question


def skip_rules(
    question: Question,
    block: int,
    order: Sequence[tuple[str, str, int]],
    places: Mapping[str, Place],
    losses: Losses,
) -> list[dict[str, Any]]:
    """The skip logic of a question.

    Parameters
    ----------
    order : sequence
        Id, QID and number of the block of every question that is written, in order.
    """
    rules: list[dict[str, Any]] = []
    for rule in question.go_to:
        try:
            destination = _destination(rule, block, order)
            for test, operator in _choices(rule, question.id):
                place = places[question.id]
                if test.value not in place.choices:
                    raise Untranslatable("it does not hang on a choice")
                locator = f"q://{place.question}/SelectableChoice/{place.choices[test.value]}"
                rules.append(
                    {
                        **{"SkipLogicID": len(rules) + 1, "ChoiceLocator": locator, "Condition": operator},
                        **{"SkipToDestination": destination, "Locator": locator, "QuestionID": place.question},
                    }
                )
        except (Untranslatable, KeyError) as error:
            why = str(error) if isinstance(error, Untranslatable) else "the question has no place in the file"
            losses.note(f"question {question.id}", f"go_to {rule.to} when {rule.when or 'always'}", why)
    return rules


def _destination(rule: GoTo, block: int, order: Sequence[tuple[str, str, int]]) -> str:
    if rule.to == "end":
        return "ENDOFSURVEY"
    after = next((name for name, _, number in order if number > block), None)
    found = next(((qid, number) for name, qid, number in order if name == rule.to), None)
    if found is not None and found[1] == block:
        return found[0]
    if rule.to == after:
        return "ENDOFBLOCK"
    raise Untranslatable("Qualtrics skips within a block, to its end, or to the end of the survey")


def _choices(rule: GoTo, question: str) -> list[tuple[Comparison, str]]:
    """Choices of the question, one of which makes the rule hold."""
    if rule.when is None:
        raise Untranslatable("Qualtrics skips on an answer")
    logic = parse(rule.when)
    parts: tuple[Logic, ...] = logic.parts if isinstance(logic, Junction) and logic.word == "or" else (logic,)
    found = []
    for part in parts:
        test = part.part if isinstance(part, Negation) else part
        if not isinstance(test, Comparison) or test.name != question or test.sign not in ("==", "!=", "has"):
            raise Untranslatable("Qualtrics skips on choices of the same question")
        found.append((test, "NotSelected" if isinstance(part, Negation) != (test.sign == "!=") else "Selected"))
    return found
