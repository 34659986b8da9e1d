"""What a calculus course asks: `textbook` (integrals), `textbook1` and `textbook2` (differential equations)."""
