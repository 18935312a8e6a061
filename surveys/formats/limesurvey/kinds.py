"""What LimeSurvey's types of questions are, and which numbers its codes stand for."""

import re

ARRAYS: dict[str, tuple[tuple[str, int, str], ...]] = {
    "C": (("Y", 1, "Yes"), ("U", 2, "Uncertain"), ("N", 3, "No")),
    "E": (("I", 1, "Increase"), ("S", 2, "Same"), ("D", 3, "Decrease")),
}
"""Arrays with answers of their own: code, code here, label."""

FIXED: dict[str, tuple[tuple[str, int, str], ...]] = {
    "Y": (("Y", 1, "Yes"), ("N", 2, "No")),
    "G": (("F", 1, "Female"), ("M", 2, "Male")),
}
"""Questions with answers of their own."""

WORDS_ZH = {
    "Yes": "是", "No": "否", "Uncertain": "不确定", "Increase": "增加", "Same": "不变", "Decrease": "减少",
    "Female": "女", "Male": "男",
}  # fmt: skip
"""Their labels in Chinese."""

POINTS = {"5": 5, "A": 5, "B": 10}
"""Points of five-point questions and of arrays of points."""

NO_COUNTERPART = {
    "D": "a date", "|": "a file to upload", "*": "an equation", "I": "a choice of language",
    ":": "a table of numbers", ";": "a table of texts",
}  # fmt: skip
"""Types that nothing here is like."""

USED = frozenset(
    {"min_answers", "max_answers", "exclude_all_others", "min_num_value_n", "max_num_value_n", "num_value_int_only",
     "equals_num_value", "suffix", "random_order", "dualscale_headerA", "dualscale_headerB"}
)  # fmt: skip
"""Attributes that are read."""

EMPTY = ("", "0", "N", "default", "inherit")
"""Values that say the same as none."""


def numbers_of(codes: list[str]) -> list[int]:
    """Numbers that codes such as A1, SQ002 or 3 stand for; empty when they stand for none, or for one twice."""
    found = [re.fullmatch(r"([A-Za-z]*)(\d{1,15})", code) for code in codes]
    if any(one is None for one in found) or len({one[1] for one in found if one}) > 1:
        return []
    found_numbers = [int(one[2]) for one in found if one]
    return found_numbers if len(set(found_numbers)) == len(found_numbers) else []
