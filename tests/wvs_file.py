"""A look-alike of the World Values Survey's wave 7 file: its columns, codes and quirks, and invented people."""

import io
from pathlib import Path

import numpy as np
import pandas as pd

from surveys.formats.wvs.wave7 import DEMOGRAPHICS, DUPLICATED, SCALES

COUNTRIES = (
    *(20, 32, 36, 50, 51, 68, 76, 104, 124, 152, 156, 158, 170, 196, 203, 218, 231, 276, 300, 320, 344, 360, 364),
    *(368, 392, 398, 400, 404, 410, 417, 422, 434, 446, 458, 462, 484, 496, 504, 528, 554, 558, 566, 586, 604, 608),
    *(630, 642, 643, 688, 702, 703, 704, 716, 762, 764, 788, 792, 804, 818, 826, 840, 858, 862, 909),
)
"""Numbers of the countries of wave 7."""

RAW_ENDS = {"Q56": (1, 3), "Q111": (1, 3), "Q119": (0, 4), "Q221": (1, 4), "Q222": (1, 4), "Q254": (1, 5)}
RAW_ENDS |= {f"Q{number}": (0, 10) for number in range(241, 250)}
"""Codes of the recoded questions as they stand in the file."""

CODES = {"H_URBRURAL": 2, "E1_LITERACY": 2, "Q260": 2, "X003R": 6, "Q263": 2, "Q264": 2, "Q265": 2, "Q269": 2}
CODES |= {"Q288": 10, "G_TOWNSIZE": 8, "H_SETTLEMENT": 5, "Q271": 4, "Q273": 6, "Q285": 2, "Q286": 4, "Q287": 5}
"""Columns with codes from 1 to this."""


def look_alike(people: int = 1_500, *, version: str = "5-0-0 (2022-12-14)", duplicated: int = 6, columns: int = 0,
               seed: int = 1, missing: float = 0.035) -> pd.DataFrame:  # fmt: skip
    """A file as a frame, a row a respondent; the duplicated identifier stands on ``duplicated`` rows."""
    rng = np.random.default_rng(seed)
    country = np.sort(rng.choice(COUNTRIES, people))
    serial = np.arange(people) - np.searchsorted(country, country) + 1
    data: dict[str, object] = {
        "version": np.full(people, version, dtype=object),
        "doi": np.full(people, "doi.org/10.14281/18241.20", dtype=object),
        "A_WAVE": np.full(people, 7),
        "A_YEAR": rng.integers(2017, 2023, people),
        "A_STUDY": np.full(people, 2),
        "B_COUNTRY": country,
        "B_COUNTRY_ALPHA": np.full(people, "XXX", dtype=object),
        "D_INTERVIEW": country * 1_000_000 + 70_000 + serial,
        "J_INTDATE": 20_180_000 + rng.integers(101, 1231, people),
        "W_WEIGHT": np.round(rng.uniform(0.5, 2, people), 6),
    }

    def codes(low: int, high: int) -> np.ndarray:
        drawn = rng.integers(low, high + 1, people)
        away = rng.random(people) < missing
        return np.where(away, rng.choice([-1, -2, -4, -5], people), drawn)

    for name in DEMOGRAPHICS:
        if name in data:
            continue
        if name == "Q275":
            data[name] = codes(0, 8)
        elif name == "Q261":
            data[name] = codes(1930, 2004)
        elif name == "Q262":
            data[name] = codes(16, 90)
        elif name in ("Q266", "Q267", "Q268"):
            data[name] = country
        elif name in ("S_INTLANGUAGE", "Q272", "N_TOWN", "Q290"):
            data[name] = country * 1000 + rng.integers(1, 30, people)
        else:
            data[name] = codes(1, CODES.get(name, 5))
    for name, scale in SCALES.items():
        data[name] = codes(*RAW_ENDS.get(name, (scale.minimum, scale.maximum)))
    for n in range(max(0, columns - len(data))):
        data[f"I_{n}"] = codes(1, 9)
    frame = pd.DataFrame(data)
    uruguay = np.flatnonzero(country == 858)[:duplicated]
    frame.loc[uruguay, "D_INTERVIEW"] = DUPLICATED
    return frame


def write_csv(frame: pd.DataFrame, path: Path, *, mark: str = ",", bom: bool = False, points: bool = False,
              quotes: bool = False, newline: str = "\n") -> Path:  # fmt: skip
    """Write it as the survey does or others might: semicolons, byte order mark, ``1.0``, quotes, line ends."""
    import pyarrow as pa
    import pyarrow.csv as pc

    told = frame
    if points:  # whole numbers with a point, as a column with empty cells has them when pandas wrote the file
        numbers = [name for name in frame.columns[::3] if frame[name].dtype.kind == "i"]
        told = frame.astype(dict.fromkeys(numbers, float)).astype(dict.fromkeys(numbers, str))
    if quotes:
        told = told.astype(str)
    table = pa.Table.from_pandas(told, preserve_index=False)
    options = pc.WriteOptions(delimiter=mark, quoting_style="needed" if quotes else "none", include_header=False)
    head = mark.join(f'"{name}"' if quotes else name for name in frame.columns)
    out = io.BytesIO()
    pc.write_csv(table, out, options)
    text = head.encode() + b"\n" + out.getvalue()
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.replace(b"\n", newline.encode()))
    return path


def codebook(frame: pd.DataFrame) -> dict[str, object]:
    """Labels in the form of the published codebook, made up."""
    away = {"-1": "Don't know", "-2": "No answer", "-4": "Not asked", "-5": "Missing; Not available"}
    labels = {
        name: {str(code): f"{name} {code}" for code in sorted(set(frame[name])) if 0 <= code < 1000} | away
        for name in DEMOGRAPHICS
    }
    labels["H_URBRURAL"] = {"1": "Urban", "2": "Rural", **away}
    for name in ("A_YEAR", "J_INTDATE", "N_TOWN", "Q261", "Q262"):
        labels[name] = away
    return {name: {"question": name, "choices": choices} for name, choices in labels.items()}


def question_metadata() -> dict[str, object]:
    """Wordings in the form of the published metadata, made up."""
    values = {
        name: {
            "question": f"On a scale of {scale.minimum} to {scale.maximum}, {scale.minimum} meaning 'low' and "
            f"{scale.maximum} meaning 'high', what about {name}?",
            "category": scale.category,
            "use_case": "value",
            "answer_scale_min": scale.minimum,
            "answer_scale_max": scale.maximum,
            "answer_data_type": "ordinal",
        }
        for name, scale in SCALES.items()
    }
    rest = {name: {"question": f"What is your {name}?", "use_case": "demographic"} for name in DEMOGRAPHICS}
    return {**rest, **values}
