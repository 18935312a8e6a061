"""The opening of a page about probed models: which of their answers can be trusted."""

from collections.abc import Iterator

from analysis.probing.findings import ProbeReport, named_apart
from analysis.report.blocks import Block, Paragraph
from analysis.report.material import Material
from analysis.report.words import Words


def probe_answer(material: Material, w: Words) -> tuple[Block, ...]:
    """The verdict on each model and where the rest of it stands; nothing where no model was probed."""
    found = material.probes
    if found is None:
        return ()
    ways = len(material.subjects) - len(material.publics)
    stores = " ".join(dict.fromkeys(model.store for model in found.models))
    return (
        *(Paragraph(told, "answer") for told in verdicts(found, w)),
        Paragraph(w("probe_ways", n=ways, models=len(found.models), stores=stores), "note"),
    )


def verdicts(found: ProbeReport, w: Words) -> Iterator[str]:
    """The verdict on each model in plain words."""
    for model in found.models:
        v = model.verdict
        yield w(
            "robust_told",
            model=named_apart(model, found.models),
            n=v.questions,
            holds=len(v.holds),
            differs=len(v.differs),
            depends=len(v.depends),
            follows=len(v.follows_place),
            untold=len(v.not_told),
        )
        freed = model.calibrated_verdict
        if freed is not None and len(freed.holds) != len(v.holds):
            yield w("robust_freed", model=named_apart(model, found.models), holds=len(freed.holds))
    if any(model.verdict.not_told for model in found.models):
        yield w("robust_untold")
