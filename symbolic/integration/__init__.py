"""Candidate primitives by rules, exact algebra and undetermined coefficients, without a model. None is judged here."""
