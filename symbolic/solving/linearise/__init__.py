"""Differential equations of first and second order, solved by algorithms from the equation and a model's hypotheses."""

from symbolic.solving.linearise.search import proposals as proposals
