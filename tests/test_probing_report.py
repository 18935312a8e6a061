"""From a probe in a store to its report: a scripted public with planted answers and a planted leaning to places."""

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from analysis.def_rules import def_rules
from analysis.opening import ENGLISH
from analysis.probing.data import probed_models
from analysis.probing.figures import write_probe_figures
from analysis.probing.findings import ProbeReport
from analysis.probing.report import probe_report, probes_among
from analysis.probing.rules import rules_for
from analysis.probing.screen import render_probe
from analysis.reading import open_results
from analysis.report.blocks import Fold, Paragraph, Section, Table
from analysis.report.material import Material, read_material
from analysis.report.pages import page
from analysis.report.report import sections_of
from analysis.report.robustness import robustness
from analysis.report.words import words_in
from demoscope.errors import DocumentError, StoreError
from tests.results import REFERENCE, MadeUp
from tests.test_cli import demoscope

WORDS = ("Never", "Seldom", "Often", "Always")
QUESTIONS = 6
LEANING = (1.0, 0.2, -0.4, -0.8)
LAYOUTS = (
    "baseline",
    "reversed_labels",
    "reversed_texts",
    "shuffled_texts:1",
    "shuffled_texts:2",
    "shuffled_texts:3",
)
TRUTH = np.random.default_rng(3).dirichlet(np.full(4, 0.5), size=QUESTIONS)


def questionnaire() -> str:
    return json.dumps(
        {
            "id": "tiny",
            "title": "Tiny",
            "questions": [
                {
                    "id": f"q{n}",
                    "text": f"How often do you do thing {n}?",
                    "topic": "work" if n % 2 else "home",
                    "options": [{"code": c, "label": f"{word} {n}"} for c, word in enumerate(WORDS, start=1)],
                }
                for n in range(QUESTIONS)
            ],
        }
    )


def model(name: str, leaning: tuple[float, ...]) -> dict[str, object]:
    planted = [
        {"question": f"q{n}", "wordings": {f"{word} {n}": float(p) for word, p in zip(WORDS, shares, strict=True)}}
        for n, shares in enumerate(TRUTH)
    ]
    return {
        "name": name,
        "backend": "scripted",
        "settings": {"public": "planted", "planted": planted, "place_bias": list(leaning)},
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models that believe the same: one says so, two lean to the first places."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / "tiny.yaml").write_text(questionnaire())
    conditions = [
        {
            "name": f"{style}_{layout}".replace(":", "_"),
            "protocol": "probe",
            "respondents": 1,
            "settings": {"style": style, "variation": layout, "methods": ["token", "text"], "samples": 10},
        }
        for style in ("default", "one_shot")
        for layout in LAYOUTS
    ]
    wave = {
        "name": "planted",
        "seed": 1,
        "questionnaire": "tiny.yaml",
        "population": "countries:Germany,Mexico",
        "respondents": 2,
        "execution": {"executor": "local"},
        "models": [
            model("plain", (0, 0, 0, 0)),
            model("leaning", LEANING),
            model("more", tuple(2 * e for e in LEANING)),
        ],
        "conditions": conditions,
    }
    (folder / "wave.yaml").write_text(json.dumps(wave))
    done = demoscope("run", folder / "wave.yaml", "--store", folder / "s.sqlite")
    assert done.returncode == 0, done.stderr
    return folder / "s.sqlite"


@pytest.fixture(scope="module")
def found(store: Path) -> ProbeReport:
    return probe_report([store], rules_for(), draws=200)


def test_a_planted_preference_is_measured_and_taken_out_to_the_truth(found):
    leaning = found.models[1]
    token = leaning.methods[0]
    place = next(each for each in token.places if each.kind == "place")
    assert place.values == pytest.approx(LEANING, abs=1e-4)
    assert (place.options, place.questions, place.complete) == (4, QUESTIONS, True)
    assert token.debiasing is not None
    for n, each in enumerate(token.debiasing.distributions):
        assert each.calibrated == pytest.approx(TRUTH[n], abs=1e-5)
        shown = TRUTH[n] * np.exp(LEANING)
        assert each.raw == pytest.approx(shown / shown.sum(), abs=1e-6)  # as the baseline has it
    assert token.debiasing.between_raw > 0.2
    assert token.debiasing.between_calibrated < 1e-5


def test_a_model_that_does_not_lean_is_not_said_to(found):
    plain = found.models[0].methods[0]
    assert all(np.abs(each.values).max() < 1e-6 for each in plain.places)
    by_source = {each.source: each for each in plain.robustness}
    assert by_source["selection"].mismatch.value == 0
    assert by_source["selection"].js.value == pytest.approx(0, abs=1e-6)
    assert {each.source for each in plain.robustness} == {"prompt", "selection", "label form"}


def test_the_verdict_tells_answers_from_places(found):
    plain, leaning, more = found.models
    assert plain.verdict.steady["token"] == QUESTIONS
    assert more.verdict.steady["token"] < QUESTIONS
    assert len(plain.verdict.depends) <= 1  # sampled texts differ, by no more than sampling does
    assert len(plain.verdict.holds) + len(plain.verdict.not_told) >= QUESTIONS - 1
    assert more.verdict.follows_place
    assert more.calibrated_verdict is not None
    assert more.calibrated_verdict.steady["token"] == QUESTIONS
    assert leaning.summary[0].startswith(f"Of {QUESTIONS} questions")


def test_sampled_texts_are_compared_with_what_sampling_alone_does(found):
    plain, _, more = (model.methods[1] for model in found.models)
    selection = next(each for each in plain.robustness if each.source == "selection")
    assert selection.floor_mismatch is not None
    assert selection.mismatch.low is not None
    assert abs(selection.mismatch.value - selection.floor_mismatch) < 0.15
    assert plain.texts_tested == more.texts_tested == QUESTIONS
    assert plain.texts_changed is not None and more.texts_changed is not None
    assert plain.texts_changed <= 1
    assert more.texts_changed == QUESTIONS


def test_topics_pairs_and_questions_add_up(found):
    each = next(r for r in found.models[2].methods[0].robustness if r.source == "selection")
    assert len(each.pairs) == math.comb(len(LAYOUTS), 2)
    assert np.mean([pair.mismatch for pair in each.pairs]) == pytest.approx(each.mismatch.value)
    assert np.mean([question.js for question in each.by_question]) == pytest.approx(each.js.value)
    weighted = sum(topic.mismatch * topic.questions for topic in each.topics) / QUESTIONS
    assert weighted == pytest.approx(each.mismatch.value)
    assert {topic.topic: topic.questions for topic in each.topics} == {"home": 3, "work": 3}


def test_three_models_give_a_correlation_where_something_varies(found):
    assert {each.method for each in found.across} <= {"token", "text"}
    text = next(each for each in found.across if each.method == "text" and each.metric == "js")
    assert text.correlation.n == 3


def test_all_distances_have_the_base_that_was_asked_for(found, store):
    bits = probe_report([store], rules_for(js_base=2), draws=20)
    for model, other in zip(found.models, bits.models, strict=True):
        pairs = [(model.pairs[0].js, other.pairs[0].js)]
        for one, two in zip(model.methods, other.methods, strict=True):
            pairs.append((one.debiasing.between_raw, two.debiasing.between_raw))
            for each, same in zip(one.robustness, two.robustness, strict=True):
                pairs.append((each.js.value, same.js.value))
                if each.floor_js is not None and same.floor_js is not None:
                    assert same.floor_js == pytest.approx(each.floor_js / math.log(2) ** 0.5, rel=0.1)  # drawn anew
        assert [two for _, two in pairs] == pytest.approx([one / math.log(2) ** 0.5 for one, _ in pairs])


def test_the_published_profiles_compare_the_published_layouts_alone(found, store):
    paper = probe_report([store], rules_for("paper"), draws=20).models[2].methods[0]
    each = next(r for r in paper.robustness if r.source == "selection")
    assert [(pair.first, pair.second) for pair in each.pairs] == [("baseline", "reversed_labels")]
    ours = next(r for r in found.models[2].methods[0].robustness if r.source == "selection")
    assert each.pairs[0].js == pytest.approx(next(p.js for p in ours.pairs if p.second == "reversed_labels"))


def test_the_report_survives_json_and_comes_out_again(found, store):
    assert ProbeReport.model_validate_json(found.model_dump_json()) == found
    assert probe_report([store], rules_for(), draws=200) == found


@pytest.mark.parametrize("width", [80, 120])
def test_no_number_is_cut_on_the_terminal(found, width):
    out = io.StringIO()
    render_probe(found, Console(file=out, width=width, highlight=False, color_system=None), details=True)
    shown = out.getvalue()
    assert "…" not in shown
    assert " ".join(f"{100 * p:.0f}" for p in TRUTH[0]) in shown  # the calibrated shares of the first question
    for words in ("Of 6 questions", "empty options chosen", "kappa", "topic: home", "by sampling"):
        assert words in shown


def test_figures_are_drawn_with_their_data(found, tmp_path):
    written = write_probe_figures(found, tmp_path / "figures")
    names = {path.name for path in written}
    assert {"figure_2_prompt_robustness.svg", "figure_3_selection_bias.csv", "preference_for_places.svg"} <= names
    with (tmp_path / "figures" / "figure_3_selection_bias.csv").open() as file:
        rows = list(csv.DictReader(file))
    by_hand = next(e for e in found.models[1].methods[0].robustness if e.source == "selection").mismatch.value
    row = next(row for row in rows if (row["model"], row["method"]) == ("leaning", "token"))
    assert float(row["mismatch"]) == pytest.approx(by_hand)
    again = write_probe_figures(found, tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in written]


def test_the_command_prints_the_report_and_what_is_no_probe_is_refused(store, tmp_path):
    done = demoscope("probe-report", store, "--json", "--middle", "drop", "--js-base", "2", "--squared")
    rules = ProbeReport.model_validate_json(done.stdout).rules
    assert (rules.middle, rules.js_base, rules.squared) == ("drop", 2.0, True)
    told = demoscope("report", store)
    assert f"Robustness, preferences, methods, actions: demoscope probe-report {store}" in told.stdout.splitlines()
    refused = demoscope("probe-report", MadeUp(tmp_path / "m.sqlite").path)
    assert refused.returncode == 2
    assert "holds no probe" in refused.stderr


def test_profiles_flags_and_groupings_that_there_are_not_are_refused(tmp_path):
    with pytest.raises(DocumentError, match="no profile 'best'"):
        rules_for("best")
    with pytest.raises(DocumentError, match="middle"):
        rules_for(middle="both")
    with pytest.raises(DocumentError, match="not grouped by 'shoe size'; there are sex"):
        probe_report([told_store(tmp_path / "told.sqlite").path], rules_for(), by="shoe size", draws=20)


SETTINGS = {"style": {"name": "default"}, "variation": {"name": "baseline"}, "methods": ["token"]}
SHOWN = json.dumps({"codes": [1, 2, 3], "labels": {"A": 1, "B": 2, "C": 3}})


def told_store(path: Path) -> MadeUp:
    """One model, told nobody and told a woman and a man, on one question of three options and a "don't know"."""
    made = MadeUp(path, reference=REFERENCE | {"groups": {"sex": {"attribute": "sex"}}})
    made.question(1, ["No", "Perhaps", "Yes"], nonresponse="Don't know")
    made.insert(
        "personas", [(n, json.dumps({"sex": s}), None, None, None, 1.0, None) for n, s in ((1, "f"), (2, "m"))]
    )
    for cell, person in ((1, False), (2, True)):
        settings = json.dumps(SETTINGS | {"person": person})
        row = (cell, f"c{cell}", f"c{cell}", 1, "probe", "demoscope", "en", None, None, settings, "[]", None)
        made.insert("cells", [row])
    for respondent, cell, persona in ((1, 1, 1), (2, 2, 1), (3, 2, 2)):
        made.insert("respondents", [(respondent, cell, persona, "", "{}", 0)])
    for sex, counts in (("f", {1: 80, 2: 20, 3: 0}), ("m", {1: 0, 2: 20, 3: 80})):
        made.humans(1, counts, sex=sex)
    # The generic model is undecided. The woman is answered for exactly, the man is taken for a woman; a fifth of the
    # mass is at "don't know", which takes no part.
    for respondent, shares in ((1, (1 / 3, 1 / 3, 1 / 3)), (2, (0.8, 0.2, 0.0)), (3, (0.8, 0.2, 0.0))):
        distribution(made, respondent, "token", [0.8 * share for share in shares] + [0.2])
    return made


def distribution(
    made: MadeUp, respondent: int, method: str, shares: list[float], outside: float = 0.0, status: str = "answered"
) -> None:
    codes = (1, 2, 3, 99)
    made.insert("answers", [(respondent, 1, method, 0, status, None, None, None, SHOWN, "[]")])
    rows = [(respondent, 1, method, 0, c, p, None, outside) for c, p in zip(codes, shares, strict=False)]
    made.insert("distributions", rows)


def test_what_telling_gains_is_counted_by_group(tmp_path):
    made = told_store(tmp_path / "m.sqlite")
    report = probe_report([made.path], rules_for(), by="sex", draws=20)
    gains = {each.context: each for each in report.models[0].gains}
    # Moved mass from thirds to 80-20-0: |1/3 - 0.8| + |2/3 - 1| = 0.8 options, 0.4 of the scale. Told, the woman is
    # at 0; the man at |0.8 - 0| + |1 - 0.2| = 1.6 options, 0.8 of the scale.
    assert gains["f"].raw_improvement.value == pytest.approx(0.8)
    assert gains["f"].improvement.value == pytest.approx(0.4)
    assert gains["m"].improvement.value == pytest.approx(0.4 - 0.8)
    assert gains["all"].improvement.value == pytest.approx(0.0)
    assert gains["m"].alignment_told == pytest.approx(0.2)
    # Everybody: 80-40-80 of 200; from thirds |1/3 - 0.4| + |2/3 - 0.6| = 0.1333 options.
    assert gains["generic"].alignment_generic == pytest.approx(1 - 0.13333333 / 2)


def test_a_file_of_people_stands_in_for_the_reference(tmp_path):
    made = told_store(tmp_path / "m.sqlite")
    people = tmp_path / "people.json"
    people.write_text(json.dumps({"f": {"q1": {"1": 8, "2": 2, "-1": 5}}}))
    report = probe_report([made.path], rules_for(), by="sex", people=people, draws=20)
    gains = {each.context: each for each in report.models[0].gains}
    assert gains["f"].improvement.value == pytest.approx(0.4)
    assert "m" not in gains
    assert report.models[0].without_people == ("m",)
    assert report.people == str(people)


def test_texts_of_which_none_was_read_are_no_answer_unless_the_published_rule_is_wanted(tmp_path):
    made = told_store(tmp_path / "m.sqlite")
    distribution(made, 1, "text", [0.25, 0.25, 0.25, 0.25], outside=1.0, status="invalid")
    with open_results(made.path) as results:
        (probed,) = probed_models(results)
        (spread,) = probed_models(results, keep_unread=True)
    assert (probed.unread, spread.unread) == (1, 0)
    assert np.isnan(probed.shares[1]).all()
    assert spread.base[1, 0, 0, 0] == pytest.approx([1 / 3] * 3)


def test_labels_that_cannot_be_told_apart_are_not_ranked(tmp_path):
    made = told_store(tmp_path / "m.sqlite")
    distribution(made, 1, "sequence", [0.7, 0.1, 0.1, 0.1], status="invalid")
    with open_results(made.path) as results:
        (probed,) = probed_models(results)
    assert probed.unranked == 1
    assert np.isnan(probed.shares[1]).all()
    assert probed.shares[0, 0, 0, 0, 0] == pytest.approx([1 / 3] * 3)


def ratings(made: MadeUp, question: int, pole: str, each: list[tuple[str, float | None]], first: int = 0) -> None:
    for n, (status, value) in enumerate(each, start=first):
        shown = json.dumps({"scene": question, "pole": pole, "phrasing": 1})
        made.insert("answers", [(9, question, "text", n, status, value, None, None, shown, "[]")])


def test_values_are_set_against_ratings_of_actions(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite", reference=None)
    made.people([{}])
    made.insert("cells", [(2, "p", "p", 1, "probe", "demoscope", "en", None, None, json.dumps(SETTINGS), "[]", None)])
    made.insert("cells", [(3, "r", "r", 1, "rate", "demoscope", "en", None, None, '{"person": false}', "[]", None)])
    made.insert("cells", [(1, "d", "d", 1, "def", "demoscope", "en", None, None, "{}", "[]", None)])
    made.insert("respondents", [(8, 2, 1, "", "{}", 0), (9, 3, 1, "", "{}", 0)])
    for question, (p, first, last) in enumerate([(0.9, 9, 2), (0.6, 6, 5), (0.2, 3, 7)], start=1):
        made.question(question, ["No", "Yes"])
        made.insert("answers", [(8, question, "token", 0, "answered", None, None, None, "{}", "[]")])
        rows = [(8, question, "token", 0, code, share, None, 0.0) for code, share in ((1, p), (2, 1 - p))]
        made.insert("distributions", rows)
        ratings(made, question, "first", [("answered", first)])
        ratings(made, question, "last", [("answered", last)], first=1)
    ratings(made, 1, "last", [("invalid", None), ("invalid", 40), ("refused", None), ("failed", None)], first=2)
    model = probe_report([made.path], rules_for(), draws=50).models[0]
    told = model.ratings
    assert told is not None
    assert (told.asked, told.rated, told.unreadable, told.out_of_range, told.failed) == (10, 6, 2, 1, 1)
    expected = np.corrcoef([0.9, 0.1, 0.6, 0.4, 0.2, 0.8], [9, 2, 6, 5, 3, 7])[0, 1]
    assert model.actions[0].found.pearson.r == pytest.approx(expected)
    limits = {"low": -0.456, "high": 0.789}
    found = model.actions[0].found.model_copy(
        update={
            name: getattr(model.actions[0].found, name).model_copy(update=limits) for name in ("pearson", "spearman")
        }
    )
    shown = model.model_copy(update={"actions": (model.actions[0].model_copy(update={"found": found}),)})
    out = io.StringIO()
    whole = probe_report([made.path], rules_for(), draws=50).model_copy(update={"models": (shown,)})
    render_probe(whole, Console(file=out, width=80, color_system=None))
    assert out.getvalue().count("(-0.46–+0.79)") == 2
    assert "…" not in out.getvalue()
    # The published code: -1 for what has no number, 40 as it is; the last pole of the first question is their mean.
    literal = probe_report([made.path], rules_for("code"), draws=50).models[0]
    expected = np.corrcoef([0.9, 0.1, 0.6, 0.4, 0.2, 0.8], [9, (2 - 1 + 40 - 1) / 4, 6, 5, 3, 7])[0, 1]
    assert literal.actions[0].found.pearson.r == pytest.approx(expected)


def test_a_rating_that_names_no_action_is_damage(tmp_path):
    made = told_store(tmp_path / "m.sqlite")
    made.insert("cells", [(3, "r", "r", 1, "rate", "demoscope", "en", None, None, "{}", "[]", None)])
    made.insert("respondents", [(9, 3, 1, "", "{}", 0)])
    made.insert("answers", [(9, 1, "text", 0, "answered", 5, None, None, "{}", "[]")])
    with pytest.raises(StoreError, match="names no action"):
        probe_report([made.path], rules_for(), draws=20)


def page_tables(section: Section) -> dict[str, Table]:
    blocks = [b for block in section.blocks for b in (block.blocks if isinstance(block, Fold) else (block,))]
    return {block.caption.partition(".")[0]: block for block in blocks if isinstance(block, Table)}


@pytest.fixture(scope="module")
def material(store: Path) -> Material:
    return read_material([store], def_rules(), draws=200)


def test_the_page_says_of_each_model_which_answers_can_be_trusted(found, material):
    assert material.probes == found
    section = robustness(material, words_in("en"))
    assert section is not None and section.name == "robustness"
    opening = sections_of(material, words_in("en"))[0].blocks
    told = [block.text for block in opening if isinstance(block, Paragraph) and block.tone == "answer"]
    for model, text in zip(found.models, [t for t in told if "however one asks" in t], strict=True):
        assert text.startswith(f"{model.model}: of {QUESTIONS} questions, {len(model.verdict.holds)} have an answer")
        assert f"{len(model.verdict.depends)} depend on how one asks" in text
    tables = page_tables(section)
    rows = [[value.text for value in row.values] for row in tables["What changes with the way of asking"].rows]
    expected = [
        [model.model, method.method, f"{each.mismatch.value:.1%}"]
        for model in found.models
        for method in model.methods
        for each in method.robustness
    ]
    assert [[row[0], row[1], row[3].partition(" ")[0]] for row in rows] == expected
    standings = tables["Where each question stands"]
    assert [row.values[0].text for row in standings.rows] == [f"q{n}" for n in range(QUESTIONS)]
    follows = [row.values[0].text for row in standings.rows if row.values[3].text == "follows the place"]
    assert set(follows) == set(found.models[2].verdict.follows_place)
    freed = tables["leaning · token"].rows[0].values[3].text
    assert freed == " ".join(
        f"{share:.0%}" for share in found.models[1].methods[0].debiasing.distributions[0].calibrated
    )
    agreed = tables[
        "What the methods say to each other: favourite options, each method averaged over all ways of asking"
    ]
    assert [row.values[1].text for row in agreed.rows] == ["token · text"] * 3


def test_the_page_of_a_probe_is_drawn_in_both_languages_and_other_stores_have_no_such_part(material, tmp_path):
    for language in ("en", "zh"):
        text = page(material, sections_of(material, words_in(language)), words_in(language), version="0", date="")
        assert f'id="{robustness(material, words_in(language)).name}"' in text
        assert "preference_4" in text
    made = MadeUp(tmp_path / "m.sqlite", reference=None)
    assert probes_among([made.path]) is None


def test_the_page_of_a_wave_that_only_probes_opens_with_the_verdict_and_leaves_out_what_is_told_of_publics(material):
    for language in ("en", "zh"):
        w = words_in(language)
        sections = sections_of(material, w)
        assert [each.name for each in sections] == ["answer", "robustness", "endings", "effort", "methods"]
        assert material.publics == ()
        assert all(isinstance(block, Fold) for each in sections[2:4] for block in each.blocks)
        text = page(material, sections, w, version="0", date="")
        assert "probe-report" in text
        assert "data-hides" not in text.partition("<main")[0]
        assert ENGLISH["too_early"][:20] not in text
    assert sections_of(material, words_in("en"))[0].blocks[0].text.startswith("plain: of 6 questions")


def test_the_summary_of_a_probe_opens_with_the_verdict_and_not_with_a_public_of_one(store, found):
    done = demoscope("report", store)
    assert done.returncode == 0, done.stderr
    assert "Too early to judge" not in done.stdout
    said = " ".join(done.stdout.split())
    first = said.index("plain Of 6 questions")
    assert (
        first
        < said.index("leaning Of 6 questions")
        < said.index("36 conditions with a model: each is a way of asking")
    )
    assert f"demoscope probe-report {store}" in said
    assert len(done.stdout.splitlines()) < 60


def test_where_a_public_was_asked_too_it_is_told_after_the_verdict(tmp_path):
    made = told_store(tmp_path / "t.sqlite")
    before = len(read_material([made.path], def_rules(), draws=20).publics)
    made.cell(3)
    mixed = read_material([made.path], def_rules(), draws=20)
    assert (before, len(mixed.publics)) == (0, 1)
    sections = sections_of(mixed, words_in("en"))
    assert "questions" in [each.name for each in sections]
    texts = [block.text for block in sections[0].blocks if isinstance(block, Paragraph)]
    assert "of 1 questions" in texts[0]
    assert ENGLISH["nothing"] in texts
