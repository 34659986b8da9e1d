"""What several packages compute with expressions: simplification, polynomials, terms, constants, agreement."""
