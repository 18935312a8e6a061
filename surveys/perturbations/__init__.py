"""Perturbations for robustness studies: pure, seeded, recorded, and mapped back to canonical codes."""

from surveys.perturbations.applying import Perturbation, Perturbed, QuestionOrder, Record, WayBack, perturb
from surveys.perturbations.texts import Paraphrase

__all__ = ["Paraphrase", "Perturbation", "Perturbed", "QuestionOrder", "Record", "WayBack", "perturb"]
