"""Personas that stand for nobody in particular: what identifies or names a real person is refused by default.

Two signs are looked at: an attribute that is a direct identifier by its name, and a text that says by name who the
persona is, literally or with a label in it. The rule says what is expected and stops what is plain; whether somebody
of a name exists it cannot know.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from personas.naming import named_in

IDENTIFIERS = frozenset(
    (
        *("name", "names", "full_name", "fullname", "first_name", "last_name", "given_name", "family_name"),
        *("surname", "nickname", "username", "user_name", "handle", "email", "e_mail", "email_address"),
        *("phone", "phone_number", "telephone", "mobile", "address", "postal_address", "street", "street_address"),
        *("ssn", "social_security_number", "national_id", "id_card", "passport", "passport_number", "tax_id"),
        *("license_plate", "ip_address", "imei", "iban", "account_number", "credit_card"),
        *("姓名", "名字", "身份证", "身份证号", "电话", "手机号"),
    )
)
"""Attributes that identify a person directly."""

_CHOICES = re.compile(r"\{%.*?%\}", re.DOTALL)
_LABEL = re.compile(r"\{\{-?\s*(\w+)\s*(?:\|\s*(?:lower|upper|capitalize|title|trim)\s*)*-?\}\}")
"""A label as it stands; one behind an article ("a woman") is nobody's name."""
AROUND = 80
"""Characters of a text around a label that can make it somebody's name."""

HOW = (
    "Personas stand for nobody in particular: leave it out, or let `names` draw invented ones. Set "
    "`real_people: true` only for people who have agreed to be simulated by name."
)


def check_no_real_people(attributes: Mapping[str, Sequence[str]], texts: Iterable[str]) -> None:
    """Refuse attributes that identify people, and texts that name somebody, by a :class:`ValueError`.

    Parameters
    ----------
    attributes : mapping of str to sequence of str
        Attributes, and the labels of each in every language; none of a numeric one.
    texts : iterable of str
        Templates of phrases and portraits.

    >>> check_no_real_people({"sex": ["woman", "man"]}, ["your name is {{ name }}", "you are {{ sex | a }}"])
    >>> check_no_real_people({}, ["Your name is Ada Lovelace."])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: a text names 'Ada Lovelace'. Personas stand for nobody in particular: ...
    >>> check_no_real_people({"who": ["Alan Turing"]}, ["you are {{ who }}"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: a text names 'Alan Turing' by a label. Personas stand for nobody in particular: ...
    """
    for name in attributes:
        if name.casefold() in IDENTIFIERS:
            raise ValueError(f"the attribute {name!r} identifies real persons. {HOW}")
    for text in texts:
        plain = _CHOICES.sub(" ", text)
        if found := named_in(plain):
            raise ValueError(f"a text names {found!r}. {HOW}")
        for said in _said(plain, attributes):
            if found := named_in(said, known=True):
                raise ValueError(f"a text names {found!r} by a label. {HOW}")


def _said(text: str, labels: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What stands around each label of a text, with the labels put in as often as it takes to see all of them."""
    for here in _LABEL.finditer(text):
        around = text[max(0, here.start() - AROUND) : here.end() + AROUND]
        for n in range(len(labels.get(here[1], ()))):

            def put(place: re.Match[str], n: int = n) -> str:
                known = labels.get(place[1])
                return known[n % len(known)] if known else place[0]

            yield _LABEL.sub(put, around)
