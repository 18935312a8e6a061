"""Stata: variables of a .dta file as questions, their value labels as options, extended missings as nonresponse."""

from pathlib import Path

from surveys.formats.data_file import empty_frame, need_pyreadstat, reading, write_whole
from surveys.formats.interface import Format, LeftOut
from surveys.formats.losses import name_lost
from surveys.formats.variables import Naming, variables_of
from surveys.questionnaire import Questionnaire

NAMING = Naming(
    tool="Stata",
    longest_name=32,
    reserved=frozenset(
        {"byte", "double", "float", "if", "in", "int", "long", "strl", "using", "with"}
        | {f"str{n}" for n in range(1, 2046)}
    ),
    longest_label=80,
    longest_value_label=32_000,
)

LARGEST_CODE = 2_147_483_620
"""Largest whole number that a value label may belong to, in either direction."""


def _write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    pyreadstat = need_pyreadstat(path)
    made, losses = variables_of(questionnaire, NAMING)
    labels: dict[str, dict[int, str]] = {}
    for variable in made:
        where = f"variable {variable.name}"
        held = {int(code): label for code, label in variable.labels.items() if abs(int(code)) <= LARGEST_CODE}
        if len(held) < len(variable.labels):
            losses.note(where, "labels of large codes", f"Stata labels whole numbers up to {LARGEST_CODE:,}")
        labels |= {variable.name: held} if held else {}
        for code, _ in variable.missing:
            losses.note(where, f"that {code} is nonresponse", "Stata's missing values have letters for codes")
    write_whole(
        path,
        lambda place: pyreadstat.write_dta(
            empty_frame(made),
            place,
            file_label=questionnaire.title.encode()[:80].decode("utf-8", "ignore"),
            column_labels={variable.name: variable.label for variable in made},
            variable_value_labels=labels,
        ),
    )
    return (*name_lost(questionnaire, path), *losses.all())


def _recognises(head: bytes) -> bool:
    return head.startswith(b"<stata_dta>") or (len(head) > 4 and 0x69 <= head[0] <= 0x73 and head[1] in (1, 2))


FORMAT = Format("stata", "Stata data file", (".dta",), _recognises, reading, _write)
