"""The symbols of an equation, of its solution, and of the steps in between."""

import symengine as se

from symbolic.expressions.equations import UNKNOWNS

X = se.Symbol("x")
Y, SLOPE, CURVATURE = (se.Symbol(name) for name in UNKNOWNS)  # Y, Y', Y''
FIRST, SECOND = se.Symbol("a8"), se.Symbol("a9")  # the constants of a general solution
V = se.Symbol("z")  # a new unknown, or a new variable of integration
CONSTANTS = (FIRST, SECOND)
