"""From sections to one HTML file that asks nobody for anything."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis.report.blocks import Section
from analysis.report.material import Material
from analysis.report.svg import COLOURS
from analysis.report.words import Words
from demoscope.errors import DocumentError
from demoscope.terminal import plain


def page(material: Material, sections: Sequence[Section], w: Words, *, version: str, date: str) -> str:
    """The report as one HTML document.

    Everything that stores hold is escaped, stripped of control characters and direction overrides, and kept apart
    from script and style, which a content security policy allows by their hashes alone.

    Parameters
    ----------
    version, date : str
        What made the report, and when.
    """
    environment = Environment(
        loader=PackageLoader("analysis.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_harmless,
    )
    style, script = (_own(name) for name in ("page.css", "page.js"))
    titles = material.comparison.references
    return environment.get_template("page.html").render(
        w=w,
        language=w.language,
        sections=sections,
        subjects=material.subjects if material.publics else (),
        models=", ".join(dict.fromkeys(subject.cell.model for subject in material.subjects)),
        colours=COLOURS,
        heading=", ".join(dict.fromkeys(store.summary.wave for store in material.stores)),
        against=w("against", titles=", ".join(titles)) if titles else w("no_reference"),
        policy=_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        version=version,
        date=date,
    )


def write_page(text: str, path: Path) -> None:
    """Write a page as a whole: a reader never meets half of one.

    Raises
    ------
    DocumentError
        If it cannot be written.
    """
    half = path.with_name(f".{path.name}.part")
    try:
        half.write_text(text, encoding="utf-8", errors="replace")
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise DocumentError(f"{path}: the report cannot be written ({error.strerror}).") from None


def _own(name: str) -> str:
    return files("analysis.report").joinpath(f"page/{name}").read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _harmless(value: object) -> object:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
