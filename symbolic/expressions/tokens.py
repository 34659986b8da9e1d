"""Every token of the published data sets (Lample & Charton 2020), with its kind and its arity.

Each spelling stands here exactly once; no other module has a list of operators. This module gives tokens no meaning:
the conversions to SymEngine, SymPy and text and the evaluators do, and tests check that they cover this table.
"""

from typing import NamedTuple


class Token(NamedTuple):
    """One word of the prefix language.

    `arity` is the number of operands that follow. The integer signs `INT+` and `INT-` are followed by digits, one token
    each, and not by operands; their arity, like that of digits, is 0.
    """

    spelling: str
    kind: str
    arity: int


# kind -> {arity: spellings}
_SPELLINGS = {
    "sign": {0: "INT+ INT-"},
    "digit": {0: "0 1 2 3 4 5 6 7 8 9"},
    "variable": {0: "x y z t"},
    "constant": {0: "pi E I"},
    "coefficient": {0: "a0 a1 a2 a3 a4 a5 a6 a7 a8 a9"},
    "unknown": {0: "Y Y' Y''"},  # the function sought, and its derivatives
    "operator": {
        1: "inv pow2 pow3 pow4 pow5 sqrt",
        2: "add sub mul div pow rac",
    },
    "function": {
        1: "exp ln abs sign"
        " sin cos tan cot sec csc asin acos atan acot asec acsc"
        " sinh cosh tanh coth sech csch asinh acosh atanh acoth asech acsch"
        " f",
        2: "derivative g",
        3: "h",
    },
}

TOKENS: dict[str, Token] = {
    spelling: Token(spelling, kind, arity)
    for kind, by_arity in _SPELLINGS.items()
    for arity, spellings in by_arity.items()
    for spelling in spellings.split()
}

POSITIVE, NEGATIVE = "INT+", "INT-"
DIGITS = frozenset(spelling for spelling, token in TOKENS.items() if token.kind == "digit")
ARITY: dict[str, int] = {spelling: token.arity for spelling, token in TOKENS.items()}


def spellings(kind: str, arity: int | None = None) -> list[str]:
    """The spellings of one kind, in table order; only those of the given arity if it is not None."""
    return [t.spelling for t in TOKENS.values() if t.kind == kind and arity in (None, t.arity)]
