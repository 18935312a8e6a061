"""SurveyJS expressions, ``{age} >= 18 and {likes} contains 2``, and conditions."""

from collections.abc import Mapping

from surveys.formats.comparisons import condition, name_of, value_of
from surveys.formats.infix import Call, Node
from surveys.formats.logic import Comparison, Logic, Negation, Untranslatable, join, quoted, spelled


def read_condition(text: str) -> Logic:
    """The condition that a ``visibleIf`` stands for; raises :class:`Untranslatable`.

    >>> read_condition("{likes} anyof [1, 2]").word
    'or'
    """
    return condition(text, _special)


def _special(node: Call) -> Logic | None:
    if node.name in ("empty", "notempty"):
        answered = Comparison(name_of(node.arguments[0]), "answered")
        return answered if node.name == "notempty" else Negation(answered)
    if node.name in ("contains", "anyof", "allof", "notcontains", "noneof"):
        name = name_of(node.arguments[0])
        found = join("or" if node.name in ("anyof", "noneof") else "and", _tests(name, node.arguments[1]))
        return Negation(found) if node.name in ("notcontains", "noneof") else found
    return None


def _tests(name: str, node: Node) -> list[Logic]:
    values = node.arguments if isinstance(node, Call) and node.name == "list" else (node,)
    if not values:
        raise Untranslatable("it compares with an empty list")
    return [Comparison(name, "has", value_of(value)) for value in values]


def write_condition(logic: Logic, names: Mapping[str, str]) -> str:
    """The expression that a condition is in SurveyJS; ``names`` are the names of our ids there."""

    def comparison(test: Comparison) -> str:
        if test.name not in names:
            raise Untranslatable(f"{test.name!r} is no question of the survey")
        name = "{" + names[test.name] + "}"
        if test.sign == "answered":
            return f"{name} notempty"
        if test.sign == "has":
            return f"{name} contains {quoted(test.value)}"
        return f"{name} {'=' if test.sign == '==' else test.sign} {quoted(test.value)}"

    return spelled(logic, "!", comparison)
