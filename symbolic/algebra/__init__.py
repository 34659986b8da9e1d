"""Algebra on SymEngine expressions: simplification, polynomials, terms, constant parts, agreement in numbers."""
