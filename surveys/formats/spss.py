"""SPSS: variables of a .sav file as questions, their value labels as options, user-missing values as nonresponse."""

from pathlib import Path
from typing import Any

from surveys.formats.data_file import empty_frame, need_pyreadstat, reading, write_whole
from surveys.formats.interface import Format, LeftOut
from surveys.formats.losses import name_lost
from surveys.formats.variables import Naming, Variable, variables_of
from surveys.questionnaire import Questionnaire

NAMING = Naming(
    tool="SPSS",
    longest_name=64,
    reserved=frozenset({"all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"}),
    longest_label=256,
    longest_value_label=120,
    holds=frozenset({"options"}),
)

MOST_MISSING = 3
"""Single values of a variable that may count as missing."""


def _write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    pyreadstat = need_pyreadstat(path)
    made, losses = variables_of(questionnaire, NAMING)
    missing: dict[str, list[Any]] = {}
    for variable in made:
        ranges, further = _missing(variable)
        missing |= {variable.name: ranges} if ranges else {}
        for code in further:
            why = "SPSS declares three missing values at most, or one range and one value"
            losses.note(f"variable {variable.name}", f"that {code} is nonresponse", why)
    write_whole(
        path,
        lambda place: pyreadstat.write_sav(
            empty_frame(made),
            place,
            file_label=questionnaire.title.encode()[:64].decode("utf-8", "ignore"),
            column_labels={variable.name: variable.label for variable in made},
            variable_value_labels={
                variable.name: {float(code): label for code, label in variable.labels.items()}
                for variable in made
                if variable.labels
            },
            missing_ranges=missing,
            variable_measure={
                variable.name: "scale" if variable.graded or not variable.answers else "nominal"
                for variable in made
                if variable.type == "numeric"
            },
        ),
    )
    return (*name_lost(questionnaire, path), *losses.all())


def _missing(variable: Variable) -> tuple[list[Any], list[int]]:
    """Missing values as SPSS declares them, and those that have no room."""
    codes = sorted(int(low) for low, _ in variable.missing)
    if len(codes) <= MOST_MISSING:
        return list(codes), []
    bounds = {bound for bound in (variable.minimum, variable.maximum) if bound is not None}
    valid = {int(code) for code in variable.answers} | bounds
    runs = [codes[start:stop] for start in range(len(codes)) for stop in range(len(codes), start, -1)]
    run = max((run for run in runs if not any(run[0] <= code <= run[-1] for code in valid)), key=len)
    rest = [code for code in codes if code not in run]
    return [{"lo": run[0], "hi": run[-1]}, *rest[:1]], rest[1:]


def _recognises(head: bytes) -> bool:
    return head[:4] in (b"$FL2", b"$FL3")


FORMAT = Format("spss", "SPSS data file", (".sav", ".zsav"), _recognises, reading, _write)
