"""Mistakes in a questionnaire's document, named by line and in plain words."""

import pytest

from demoscope.errors import DocumentError
from surveys import Questionnaire, load_questionnaire

TEA = "- {id: tea, text: Tea?, options: yes_no}\n"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (f"questions:\n{TEA}- {{id: milk, text: Milk?, options: yess_no}}", ":5: .*milk: there is no set of options"),
        (
            f"questions:\n{TEA}- {{kind: loop, id: l, over: tea, questions: [{{id: x, text: X?, options: yes_no}}]}}",
            ":5: .*the loop 'l' goes over 'tea', which is no multiple choice",
        ),
        ("questions: []", ":3: questions: needs 1 entry at least, has 0"),
        ("questions:\n- {id: tea, text: [x], options: yes_no}", ":4: .*text: expected a text, found a list"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_its_question(tmp_path, entries, message):
    (tmp_path / "q.yaml").write_text(f"id: q\ntitle: Q\n{entries}\n", encoding="utf-8")
    with pytest.raises(DocumentError, match=message):
        load_questionnaire("q.yaml", tmp_path)


def test_a_translation_whose_labels_are_alike_is_refused_in_plain_words():
    options = [{"code": 1, "label": {"en": "Yes", "zh": "是"}}, {"code": 2, "label": {"en": "Sure", "zh": "是"}}]
    question = {"id": "tea", "text": {"en": "Tea?", "zh": "茶？"}, "options": options}
    asked = Questionnaire.model_validate({"id": "q", "title": {"en": "Q", "zh": "问"}, "questions": [question]})
    with pytest.raises(ValueError, match=r"^'q' cannot be asked in 'zh': option label 是 stands twice"):
        asked.in_language("zh")
