"""The report of one store or several, from reading to the written page."""

from collections.abc import Sequence
from pathlib import Path

from analysis import yardsticks
from analysis.coded import CodedAnswers
from analysis.def_rules import DefRules
from analysis.report.answer import answer
from analysis.report.bias import bias
from analysis.report.blocks import Fold, Section
from analysis.report.conditions import diversity
from analysis.report.endings import effort, endings, insensitivity
from analysis.report.groups import groups
from analysis.report.material import Material, read_material
from analysis.report.methods import methods
from analysis.report.pages import page, write_page
from analysis.report.questions import questions
from analysis.report.robustness import robustness
from analysis.report.together import together
from analysis.report.values import culture, dimensions
from analysis.report.words import Words, words_in
from demoscope.errors import DocumentError


def sections_of(
    material: Material, w: Words, people: Path | None = None, coded: Sequence[CodedAnswers] = ()
) -> tuple[Section, ...]:
    """The sections of a report; those that its stores have nothing for are left out.

    Of stores that do nothing but probe, what is told of publics is left out too. ``people`` is a table of a human
    sample (:func:`analysis.human_sample.with_human_sample`) that is put together with every condition; with ``coded``
    it may hold codes of open answers.

    Raises
    ------
    DocumentError
        If the table of people cannot be used.
    """
    if material.probes is not None and not material.publics:
        if people is not None:
            raise DocumentError(f"{people}: the stores hold nothing but probes, which no human sample goes with.")
        found: tuple[Section | None, ...] = (
            answer(material, w),
            robustness(material, w),
            _folded(endings(material, w), w),
            _folded(effort(material, w), w),
            methods(material, w),
        )
        return tuple(section for section in found if section is not None)
    found = (
        answer(material, w),
        together(material, people, w, coded) if people is not None else None,
        *questions(material, w),
        groups(material, w),
        dimensions(material, w),
        culture(material, w),
        bias(material, w),
        diversity(material, w),
        robustness(material, w),
        insensitivity(material, w),
        endings(material, w),
        effort(material, w),
        methods(material, w),
    )
    return tuple(section for section in found if section is not None)


def _folded(section: Section | None, w: Words) -> Section | None:
    """A section with a line for each way of asking, opened when wanted."""
    if section is None:
        return None
    return Section(section.name, section.title, (Fold(w("each_way_of_asking"), section.blocks),))


def write_report(
    paths: Sequence[Path],
    out: Path | None,
    figures: Path | None,
    rules: DefRules,
    *,
    language: str,
    version: str,
    now: str,
    draws: int = yardsticks.DRAWS,
    coded: Sequence[CodedAnswers] = (),
    people: Path | None = None,
) -> tuple[str, ...]:
    """Write the report of stores as a page, as figures for publication, or both.

    Parameters
    ----------
    paths : sequence of Path
        Stores, also while their waves are running.
    out : Path, optional
        The HTML file.
    figures : Path, optional
        The folder of figures.
    rules : DefRules
        How DEF's families are computed.
    language : str
        ``en`` or ``zh``.
    version, now : str
        What makes the report, and when (ISO 8601).
    draws : int
        Draws of every yardstick and bootstrap.
    coded : sequence of CodedAnswers
        Open answers in codes, as questions of their own (:func:`analysis.coded.read_coded`).
    people : Path, optional
        Answers of a small human sample, put together with every condition on the page.

    Returns
    -------
    tuple of str
        A line for each thing that was written.

    Raises
    ------
    StoreError
        If a store is missing, no store, damaged, or was written by a newer version.
    DemoscopeError
        If the language is unknown, or something cannot be written.
    """
    w = words_in(language)
    for place in (path for path in (out, figures) if path is not None):
        if not place.absolute().parent.is_dir():
            raise DocumentError(f"{place}: there is no folder {str(place.absolute().parent)!r}; create it first.")
    material = read_material(paths, rules, draws, coded)
    told = []
    if out is not None:
        sections = sections_of(material, w, people, coded)
        write_page(page(material, sections, w, version=version, date=now[:10]), out)
        told.append(f"Written: {out} ({out.stat().st_size / 1e6:.1f} MB)")
    if figures is not None:
        from analysis.report.publication import FILES, write_figures

        written = write_figures(material, w, figures)
        told.append(f"Written: {figures} ({len(written) // FILES} figures, each as SVG, PDF and PNG with its data)")
    return tuple(told)
