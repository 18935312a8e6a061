"""Personas that stand for nobody in particular: what identifies or names a real person is refused by default.

Two signs are looked at: an attribute that is a direct identifier by its name, and a text that names somebody
literally. Nothing can tell from a list of labels alone whether they are names of real people; the rule says what is
expected and stops what is plain.
"""

import re
from collections.abc import Iterable

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

_NAMED = re.compile(
    r"\b(?:name\s+is|named|called|known\s+as|you\s+are\s+(?:mr|mrs|ms|dr|president|senator|chancellor|pope)\b\.?)\s+"
    r"(?-i:([A-ZÀ-Þ][\w'-]+(?:\s+[A-ZÀ-Þ][\w'.-]*)*))|(?:名叫|你叫|我叫|名字是|姓名是)\s*([\u4e00-\u9fff]{2,})",
    re.IGNORECASE,
)

HOW = (
    "Personas stand for nobody in particular: leave it out, or let `names` draw invented ones. Set "
    "`real_people: true` only for people who have agreed to be simulated by name."
)


def check_no_real_people(attributes: Iterable[str], texts: Iterable[str]) -> None:
    """Refuse attributes that identify people, and texts that name somebody, by a :class:`ValueError`.

    >>> check_no_real_people(["sex"], ["your name is {{ name }}", "you are a woman called by nobody"])
    >>> check_no_real_people(["sex"], ["Your name is Ada Lovelace."])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: a text names 'Ada Lovelace'. Personas stand for nobody in particular: ...
    """
    for name in attributes:
        if name.casefold() in IDENTIFIERS:
            raise ValueError(f"the attribute {name!r} identifies real persons. {HOW}")
    for text in texts:
        found = _NAMED.search(text)
        if found:
            raise ValueError(f"a text names {(found[1] or found[2]).rstrip('.')!r}. {HOW}")
