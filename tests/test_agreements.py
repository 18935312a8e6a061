"""Agreement of people, judges and rules on the replies of a store; the way of a sheet and of resolutions."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from analysis.agreement import agreement_interval, cohen_kappa, krippendorff_alpha
from analysis.agreements import agreements
from analysis.annotation import Annotation
from analysis.def_rules import def_rules
from analysis.reading import open_results
from analysis.rule_judge import Rules
from demoscope.errors import DocumentError
from run_simulation import app
from tests.results import MadeUp
from tests.stores import count
from tests.test_compare import replied


@pytest.fixture
def made(tmp_path: Path) -> MadeUp:
    """Twelve replies, of which the rules fault the last four (no markers) and a judge the last two; one is unread."""
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell(1)
    made.question(1, ["No", "Yes"])
    made.people([{}] * 12)
    for who in range(1, 13):
        made.answers([(who, 1, "invalid" if who == 12 else "answered", [] if who == 12 else [1])], reason="no option")
        replied(made, 1, who, 1, "Answer: 1: No\nExplanation: So." if who <= 8 else "-1: No", who)
        verdict = "failure" if who > 10 else "pass"
        made.insert("judgements", [(who, 1, "text", 0, "glm", "IU", verdict, f"{verdict}.")])
    return made


def said(who: str, failures: set[int], dimension="IU", of=range(1, 13)) -> list[Annotation]:
    return [Annotation(n, "q1", 0, who, dimension, "failure" if n in failures else "pass") for n in of]


def found_in(made: MadeUp, people, **how):
    with open_results(made.path) as results:
        found = agreements(results, people, def_rules(), draws=200, **how)
    return {(each.raters, each.dimension): each for each in found}


def test_judge_people_and_rules_are_compared_two_by_two_and_people_all_together(made):
    found = found_in(made, [*said("ana", {11, 12}), *said("ben", {10, 11, 12})])
    kappas = {raters: each for (raters, dimension), each in found.items() if dimension == "IU"}
    assert set(kappas) == {
        ("people",),
        ("ana", "ben"),
        ("ana", "glm"),
        ("ana", "rules"),
        ("ben", "glm"),
        ("ben", "rules"),
        ("glm", "rules"),
    }
    assert (kappas["ana", "glm"].value, kappas["ana", "glm"].alike) == (1, 1)
    # glm and rules agree on 8 + 2 of 12; by chance on (10/12)(8/12) + (2/12)(4/12) = 88/144 = 11/18.
    assert kappas["glm", "rules"].value == pytest.approx((10 / 12 - 11 / 18) / (1 - 11 / 18))
    assert kappas["glm", "rules"].replies == 12
    assert kappas["people",].measure == "alpha"
    table = [[n in {11, 12} for n in range(1, 13)], [n in {10, 11, 12} for n in range(1, 13)]]
    assert kappas["people",].value == pytest.approx(krippendorff_alpha(np.array(table, float)))


def test_rules_say_nothing_where_they_do_not_look(made):
    assert not {d for (raters, d) in found_in(made, said("ana", {1}, "IR")) if "rules" in raters and d == "IR"}
    assert (("ana", "rules"), "FF") not in found_in(made, said("ana", {1}, "FF"))
    assert (("ana", "rules"), "FF") in found_in(made, said("ana", {1}, "FF"), checks=Rules(keys={"q1": 1}))


def test_an_agreement_of_raters_who_never_vary_has_no_interval(made):
    found = found_in(made, [*said("ana", set(), "CV"), *said("ben", {3}, "CV")])
    both = found[("ana", "ben"), "CV"]
    assert (both.value, both.low, both.high) == (0, None, None)
    same = found_in(made, [*said("ana", set(), "CV"), *said("ben", set(), "CV")])[("ana", "ben"), "CV"]
    assert (same.value, same.alike) == (None, 1)


def test_a_sheet_of_another_store_and_an_annotator_called_like_the_judge_are_refused(made):
    with pytest.raises(DocumentError, match="does not have; is the sheet of another store"):
        found_in(made, [Annotation(99, "q1", 0, "ana", "IU", "pass")])
    with pytest.raises(DocumentError, match="'glm' is an annotator on a sheet and a judge"):
        found_in(made, said("glm", set()))


def test_the_interval_of_an_agreement_covers_at_about_its_rate():
    # Two raters who both see the truth (failure in 3 of 10) through errors of 15 %: kappa by the definition is
    # (agreed - chance) / (1 - chance) with agreed = 0.85^2 + 0.15^2 and failures seen in 0.3 * 0.85 + 0.7 * 0.15.
    seen = 0.3 * 0.85 + 0.7 * 0.15
    chance = seen**2 + (1 - seen) ** 2
    true = (0.85**2 + 0.15**2 - chance) / (1 - chance)
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        truth = rng.random(100) < 0.3
        table = np.array([truth ^ (rng.random(100) < 0.15) for _ in range(2)], dtype=float)
        low, high = agreement_interval(lambda t: cohen_kappa(t[0], t[1]), table, rng, draws=100)
        held += low <= true <= high
    assert 0.88 <= held / 200 <= 0.99


def demoscope(*arguments: object) -> Result:
    """What the command line does, in this process."""
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_a_sheet_goes_out_and_comes_back_into_the_report(made, tmp_path):
    sheet = tmp_path / "ana.csv"
    assert demoscope("annotate", made.path, sheet, "--share", "1").exit_code == 0
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert {row["answer"] for row in rows} == {"1: No", "'-1: No"}  # no formula
    for row in rows:
        row.update(annotator="ana", IU="no" if int(row["respondent"]) > 10 else "yes")
    with sheet.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    found = json.loads(demoscope("report", made.path, "--annotation", sheet, "--json").stdout)["agreements"]
    kappa = next(each for each in found if each["raters"] == ["ana", "glm"])
    assert (kappa["dimension"], kappa["value"], kappa["replies"]) == ("IU", 1.0, 12)
    for again in (["annotate", made.path, sheet], ["export", made.path, "-o", sheet, "--annotation"]):
        assert "may hold judgements" in str(demoscope(*again, "--share", "1").exception)


def test_the_sheet_is_an_export_and_annotate_writes_the_same(made, tmp_path):
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    written = demoscope("export", made.path, "-o", one, "--annotation", "--share", "1")
    assert written.exit_code == 0, written.output
    assert "12 replies" in written.output and f"report {made.path} --annotation {one}" in written.output
    assert demoscope("annotate", made.path, other, "--share", "1").exit_code == 0
    assert one.read_bytes() == other.read_bytes()
    with one.open(encoding="utf-8-sig", newline="") as file:
        assert {row["synthetic"] for row in csv.DictReader(file)} == {"synthetic (demoscope wave made up, w)"}
    for wrong, told in (
        (["--annotation", "--wide"], "leave out --wide"),
        (["--share", "0.5"], "belongs to --annotation"),
        (["--annotation", "--share", "2"], "above 0 and up to 1"),
    ):
        assert told in str(demoscope("export", made.path, "-o", tmp_path / "x.csv", *wrong).exception)
    refused = demoscope("export", made.path, "-o", tmp_path / "x.sav", "--annotation")
    assert "end its name with .csv" in str(refused.exception)


def test_a_sheet_of_a_restricted_wave_does_not_show_what_prompts_tell_of_people(made, tmp_path):
    made.insert("texts", [("t", "You are a whispered person. What about q1?")])
    made.change("""UPDATE exchanges SET prompt = '[["user", "t"]]'""")
    made.change("UPDATE waves SET restricted = 1")
    sheet = tmp_path / "sheet.csv"
    assert "restricted" in demoscope("export", made.path, "-o", sheet, "--annotation", "--share", "1").output
    assert "whispered" not in sheet.read_text()
    assert "What about q1? - 1: No, 2: Yes" in sheet.read_text()
    owned = tmp_path / "owned.csv"
    demoscope("export", made.path, "-o", owned, "--annotation", "--share", "1", "--with-restricted")
    assert "whispered" in owned.read_text()


def test_unread_replies_go_out_and_decisions_come_back_beside_the_answers(made, tmp_path):
    table = tmp_path / "r.csv"
    assert demoscope("unread", made.path, table).exit_code == 0
    with table.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["respondent"], row["question"], row["reply"], row["reason"], row["code"]) == (
        *("12", "q1", "'-1: No"),
        *("no option", ""),
    )
    table.write_text("respondent,question,replicate,code\n12,q1,0,2\n")
    assert demoscope("resolve", made.path, table, "--by", "ana").exit_code == 0
    assert "0 of 1 decisions are new" in demoscope("resolve", made.path, table).stderr
    assert count(made.path, "SELECT count(*) FROM resolutions WHERE by = 'ana' AND code = 2") == 1
    assert count(made.path, "SELECT count(*) FROM answers WHERE status = 'invalid'") == 1  # answers stay
    row = json.loads(demoscope("compare", made.path, "--json").stdout)["rows"][0]
    assert (row["resolved"], row["unresolved"], row["statuses"]["answered"]) == (1, 0, 12)
    assert "People resolved 1 replies" in demoscope("report", made.path).stdout
    table.write_text("respondent,question,code\n11,q1,2\n")
    refused = demoscope("resolve", made.path, table)
    assert "the reply was understood" in str(refused.exception)
    assert demoscope("unread", made.path, tmp_path / "none.csv").exit_code == 0  # all are decided
