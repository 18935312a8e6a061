"""From a QSF file to a questionnaire: elements, blocks, the flow through them, and rules that skip."""

from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError
from surveys.formats.draft import Draft
from surveys.formats.interface import Reading
from surveys.formats.known import Known
from surveys.formats.languages import language_code
from surveys.formats.logic import Untranslatable
from surveys.formats.parts import Part
from surveys.formats.qualtrics.conditions import about, read_condition
from surveys.formats.qualtrics.jumps import UNNAMED, Jump, jump, question_ids
from surveys.formats.qualtrics.matrices import KINDS
from surveys.formats.qualtrics.source import FILE_ONLY, Source, settings_of
from surveys.formats.untrusted import read_json

_DEEPEST_FLOW = 20
_OTHERS = {
    "SO": "options of the form, such as its look and its buttons",
    "SCO": "scoring of choices",
    "QO": "quotas",
    "TR": "triggers",
    "NT": "notes",
    "SG": "segments",
}
_BLOCK_LOOK = (
    *("BlockLocking", "BlockVisibility", "NextButton", "PreviousButton", "nextButtonLibraryID", "nextButtonMID"),
    *("previousButtonLibraryID", "previousButtonMID", "RandomizeQuestions", "Looping", "LoopingOptions"),
)
_RANDOM = ("RandomWithXPerPage", "RandomWithOnlyX", "Randomize", "true")


def read(path: Path) -> Reading:
    """Read a QSF file."""
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("SurveyElements"), list):
        raise DocumentError(f"{path}: expected a QSF survey, an object with SurveyEntry and SurveyElements.")
    return _Survey(path, content).reading()


class _Survey:
    def __init__(self, path: Path, content: dict[str, Any]) -> None:
        entry = Part(content.get("SurveyEntry"), "survey")
        self._draft = Draft(path, language_code(entry.word("SurveyLanguage") or "en"))
        self._title = self._draft.label(entry.any("SurveyName"), "survey")
        description = self._draft.label(entry.any("SurveyDescription"), "survey")
        if description:
            self._draft.leave_out("survey", f"the description {description}", "a questionnaire has a title alone")
        self._questions: dict[str, Part] = {}
        self._blocks: dict[str, Part] = {}
        self._flow: object = None
        self._jumps: list[Jump] = []
        self._required = 0
        self._blocks_done: dict[str, list[str]] = {}
        for element in content["SurveyElements"]:
            self._sort(Part(element, "element"))

    def _sort(self, element: Part) -> None:
        kind, payload = element.word("Element"), element.any("Payload")
        if kind == "SQ" and isinstance(payload, dict):
            part = Part(payload, "question")
            qid = part.word("QuestionID") or element.word("PrimaryAttribute")
            part.where = f"question {qid[:40]}"
            self._questions[qid] = part
        elif kind == "BL" and payload:
            for block in (
                payload.values() if isinstance(payload, dict) else payload if isinstance(payload, list) else ()
            ):
                part = Part(block, "block")
                part.where = f"block {part.word('Description')[:60] or part.word('ID')[:40]}"
                self._blocks[part.word("ID")] = part
        elif kind == "FL" and isinstance(payload, dict):
            self._flow = payload.get("Flow")
        elif payload and kind in _OTHERS and (kind != "SCO" or _scores(payload)):
            self._draft.leave_out("survey", _OTHERS[kind], "they are not about what is asked")

    def reading(self) -> Reading:
        if isinstance(self._flow, list):
            entries = self._walk(self._flow, 0)
        else:
            entries = [entry for block in list(self._blocks) for entry in self._block(block)]
        for block in self._blocks.values():
            asked = len(block.listed("BlockElements"))
            if asked:
                where = "trash" if block.word("Type") == "Trash" else "flow that does not reach it"
                self._draft.leave_out(block.where, f"its {asked} elements", f"it lies in the {where}")
        jump(self._draft, self._jumps, entries, self._blocks_done)
        if self._required:
            what = f"that {self._required} questions must be answered"
            self._draft.leave_out("survey", what, "respondents here answer every question that they are asked")
        return self._draft.reading(self._title or self._draft.path.stem, self._title, entries)

    def _walk(self, flow: object, depth: int) -> list[dict[str, Any]]:
        if depth > _DEEPEST_FLOW:
            raise DocumentError(f"{self._draft.path}: the flow is nested more than {_DEEPEST_FLOW} levels deep.")
        entries: list[dict[str, Any]] = []
        for item in flow if isinstance(flow, list) else ():
            part = Part(item, "flow")
            kind = part.word("Type")
            part.where = f"flow {kind} {part.word('FlowID')}".strip()[:80]
            if kind in ("Block", "Standard"):
                entries += self._block(part.word("ID"))
            elif kind == "Branch":
                entries += self._branch(part, entries, depth)
            elif kind == "BlockRandomizer":
                entries += self._shuffled(part, depth)
            elif kind in ("Group", "Root"):
                entries += self._walk(part.any("Flow"), depth + 1)
            else:
                self._draft.leave_out(
                    part.where, f"{kind or 'an element'} of the flow", "there is no such element here"
                )
        return entries

    def _branch(self, part: Part, before: list[dict[str, Any]], depth: int) -> list[dict[str, Any]]:
        """What stands under a condition; an end of the survey there is a rule after the question before."""
        condition = self._condition(part.any("BranchLogic"), part.where)
        flow = part.listed("Flow")
        ends = [item for item in flow if isinstance(item, dict) and item.get("Type") == "EndSurvey"]
        if ends and len(flow) == len(ends):
            last = before[-1] if before else {}
            while last.get("kind") == "section" and "show_if" not in last and last["questions"]:
                last = last["questions"][-1]
            if (
                condition
                and "text" in last
                and "items" not in last
                and last.get("kind") != "note"
                and "show_if" not in last
            ):
                last.setdefault("go_to", []).append({"to": "end", "when": condition})
            elif condition:
                self._draft.leave_out(part.where, "the end of the survey", "no question that all answer is before it")
            return []
        inside = self._walk(flow, depth + 1)
        if not inside or not condition:
            return inside
        if len(inside) == 1 and inside[0].get("kind") == "section" and "show_if" not in inside[0]:
            return [inside[0] | {"show_if": condition}]
        named = self._draft.new_id(part.word("Description") or "branch", "branch")
        return [{"kind": "section", "id": named, "show_if": condition, "questions": inside}]

    def _shuffled(self, part: Part, depth: int) -> list[dict[str, Any]]:
        inside = self._walk(part.any("Flow"), depth + 1)
        subset = part.whole("SubSet")
        if subset is not None and subset < len(inside):
            self._draft.leave_out(
                part.where, f"that {subset} of {len(inside)} are shown", "all are shown here, in random order"
            )
        if not inside:
            return []
        return [{"kind": "section", "id": self._draft.new_id("randomised"), "order": "random", "questions": inside}]

    def _block(self, block_id: str) -> list[dict[str, Any]]:
        part = self._blocks.pop(block_id, None)
        draft = self._draft
        if part is None:
            draft.leave_out(
                f"block {block_id[:40]}", "the block", "the flow names it twice, or there is no such block"
            )
            return []
        options = Part(part.any("Options"), part.where)
        section: dict[str, Any] = {
            "kind": "section",
            "id": draft.new_id(part.word("Description") or "block", "block"),
        }
        title = draft.label(part.any("Description"), part.where)
        section |= {"title": title} if title else {}
        drawn = options.word("RandomizeQuestions")
        if drawn in _RANDOM:
            section["order"] = "random"
        elif drawn not in ("", "false", "None"):
            draft.leave_out(
                part.where, f"randomisation of questions: {drawn}", "sections are shuffled whole or not at all"
            )
        over = self._over(options)
        loop_order = self._loop_order(options) if over else "fixed"
        options.ignore(*_BLOCK_LOOK)
        options.close(draft)
        before = set(draft.known)
        if over:
            draft.known["lm://Field/1"] = Known("item", "text")
        entries = [
            e for element in part.listed("BlockElements") for e in self._element(Part(element, part.where), block_id)
        ]
        self._blocks_done[block_id] = list(question_ids(entries))
        if over:
            draft.forget(set(draft.known) - before)
            self._jumps = [jump for jump in self._jumps if jump.block != block_id or self._lost(jump)]
            loop = {"kind": "loop", "id": draft.new_id(f"{section['id']}_loop"), "over": over, "questions": entries}
            loop |= {"order": loop_order} if loop_order != "fixed" else {}
            entries = [loop] if entries else []
        if title == UNNAMED and set(section) == {"kind", "id", "title"}:
            return entries
        return [section | {"questions": entries}] if entries else []

    def _lost(self, jump: Jump) -> bool:
        self._draft.leave_out(jump.where, "its skip logic", "nothing skips out of a loop here")
        return False

    def _over(self, options: Part) -> list[str] | str | None:
        kind, looping = options.word("Looping"), Part(options.any("LoopingOptions"), options.where)
        if kind in ("", "None"):
            return None
        if kind == "Static":
            rows = Part(looping.any("Static"), options.where).content.values()
            fields = [next(iter(row.values()), None) if isinstance(row, dict) else row for row in rows]
            members = [label for field in fields if (label := self._draft.label(field, options.where))]
            if members and len(members) <= 1000:
                return members
        elif kind == "Question":
            known = self._draft.known.get(looping.word("QID", "QuestionID"))
            if known is not None and known.kind == "multiple":
                return known.id
        self._draft.leave_out(
            options.where, f"loop and merge: {kind[:40]}", "it loops over nothing that is known here"
        )
        return None

    def _loop_order(self, options: Part) -> str:
        drawn = Part(options.any("LoopingOptions"), options.where).word("Randomization")
        if drawn in ("", "None", "false"):
            return "fixed"
        if drawn != "All":
            self._draft.leave_out(
                options.where, f"randomisation of loops: {drawn[:40]}", "all of a loop are shown here"
            )
        return "random"

    def _element(self, element: Part, block: str) -> list[dict[str, Any]]:
        if element.word("Type") != "Question":
            return []
        qid = element.word("QuestionID")
        part = self._questions.pop(qid, None)
        if part is None:
            self._draft.leave_out(
                element.where, f"question {qid[:40]}", "it is not in the file, or stands there twice"
            )
            return []
        kind = part.word("QuestionType")
        make = KINDS.get(kind)
        if make is None:
            self._draft.leave_out(
                part.where, f"a question of type {kind[:40]}", "there is no such kind of question here"
            )
            return []
        source = Source(part, qid, self._draft, settings_of(part))
        self._required += source.settings.word("ForceResponse") == "ON"
        entries = make(source)
        source.settings.ignore("ForceResponse", "ForceResponseType", "Type")
        source.settings.close(self._draft)
        part.ignore(*FILE_ONLY)
        part.close(self._draft)
        for rule in element.listed("SkipLogic"):
            self._skip(Part(rule, part.where), qid, entries, block)
        return entries

    def _skip(self, rule: Part, qid: str, entries: list[dict[str, Any]], block: str) -> None:
        target = rule.word("SkipToDestination")
        try:
            logic = about(
                rule.any("ChoiceLocator", "Locator"), rule.any("Condition", "Operator"), rule.any("RightOperand")
            )
            if len(entries) != 1 or "items" in entries[0] or entries[0]["kind"] == "note":
                raise Untranslatable("the question has several answers here, or none")
        except Untranslatable as error:
            self._draft.leave_out(rule.where, f"its skip logic to {target[:40]}", str(error))
            return
        when = self._draft.condition(logic, rule.where, f"its skip logic to {target[:40]}")
        if when is not None:
            self._jumps.append(Jump(entries[0], target, when, rule.where, block))

    def _condition(self, logic: object, where: str) -> str | None:
        try:
            return self._draft.condition(read_condition(logic), where, "the branch logic")
        except Untranslatable as error:
            self._draft.leave_out(where, "the branch logic", str(error))
            return None


def _scores(payload: object) -> bool:
    return isinstance(payload, dict) and bool(payload.get("ScoringCategories"))
