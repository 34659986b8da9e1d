"""Expressions as straight-line programs: a list of steps, equal subexpressions once, with exact derivatives.

A step is `(head, slots of its operands)`; a slot is the index of a step. Only a few core heads occur, because the other
tokens are defined by them here. An evaluator gives the core heads their meaning: floats in `numeric`, balls in the
judge. Nothing is simplified, so a program means what was written, poles and branch cuts included.
"""

from collections.abc import Callable, Mapping
from typing import Any

from symbolic.expressions.prefix import Tree, fold, from_prefix
from symbolic.expressions.tokens import spellings

# Tokens by core heads; x and y stand for their operands. 1/x inside an inverse function is SymPy's convention, which
# makes acot odd.
_DEFINITIONS = {
    "inv": "div INT+ 1 x",
    "pow2": "pow x INT+ 2",
    "pow3": "pow x INT+ 3",
    "pow4": "pow x INT+ 4",
    "pow5": "pow x INT+ 5",
    "rac": "pow x div INT+ 1 y",
    "cot": "div INT+ 1 tan x",
    "sec": "div INT+ 1 cos x",
    "csc": "div INT+ 1 sin x",
    "acot": "atan div INT+ 1 x",
    "asec": "acos div INT+ 1 x",
    "acsc": "asin div INT+ 1 x",
    "coth": "div INT+ 1 tanh x",
    "sech": "div INT+ 1 cosh x",
    "csch": "div INT+ 1 sinh x",
    "acoth": "atanh div INT+ 1 x",
    "asech": "acosh div INT+ 1 x",
    "acsch": "asinh div INT+ 1 x",
}

# Derivatives of the core functions, valid for principal values in the whole complex plane off the cuts, and along the
# cuts (Abramowitz & Stegun, ch. 4): acosh' as one square root would have the wrong sign on half the plane. abs' and
# sign' hold on the real line.
_DERIVATIVES = {
    "exp": "exp x",
    "ln": "div INT+ 1 x",
    "sqrt": "div INT+ 1 mul INT+ 2 sqrt x",
    "abs": "sign x",
    "sin": "cos x",
    "cos": "mul INT- 1 sin x",
    "tan": "add INT+ 1 pow tan x INT+ 2",
    "asin": "div INT+ 1 sqrt sub INT+ 1 pow x INT+ 2",
    "acos": "div INT- 1 sqrt sub INT+ 1 pow x INT+ 2",
    "atan": "div INT+ 1 add INT+ 1 pow x INT+ 2",
    "sinh": "cosh x",
    "cosh": "sinh x",
    "tanh": "sub INT+ 1 pow tanh x INT+ 2",
    "asinh": "div INT+ 1 sqrt add INT+ 1 pow x INT+ 2",
    "acosh": "div INT+ 1 mul sqrt sub x INT+ 1 sqrt add x INT+ 1",
    "atanh": "div INT+ 1 sub INT+ 1 pow x INT+ 2",
}

_DEFINITIONS = {token: from_prefix(text) for token, text in _DEFINITIONS.items()}
_DERIVATIVES = {token: from_prefix(text) for token, text in _DERIVATIVES.items()}

# Heads that no answer may hold: functions that stand for any function, and the function sought, have no value of their
# own, and `derivative` leaves work undone.
WITHOUT_VALUE = frozenset(["f", "g", "h", "derivative", *spellings("unknown")])

_INDEPENDENT = frozenset(spellings("variable") + spellings("coefficient"))

# The heads with operands that an evaluator must know.
CORE_HEADS = ("add", "sub", "mul", "div", "pow", *_DERIVATIVES, "sign")


class Program:
    """A growing straight-line program that several expressions share.

    Attributes:
        steps: `(head, slots)`, operands before their use. Leaves (integers, variables, coefficients, constants) have no
            slots.
    """

    def __init__(self):
        self.steps: list[tuple[str | int, tuple[int, ...]]] = []
        self._slots: dict[tuple, int] = {}
        self._derivatives: dict[tuple[int, str], int | None] = {}

    def step(self, head: str | int, *operands: int) -> int:
        """The slot of one core operation; an equal earlier step is used again."""
        key = (head, operands)
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = len(self.steps)
            self.steps.append(key)
        return slot

    def enter(self, tree: Tree, bindings: Mapping[str, int] | None = None) -> int:
        """The slot of an expression; leaves named in `bindings` are the slots given there.

        `derivative u x` is the derivative of u with respect to a variable or a coefficient.

        Raises:
            ValueError: the expression holds an unknown or an abstract function that is not bound, or a derivative with
                respect to something else.
        """
        bindings = bindings or {}

        def combine(head, operands):
            if head in bindings:
                return bindings[head]
            if head in _DEFINITIONS:
                return self.enter(_DEFINITIONS[head], dict(zip("xy", operands, strict=False)))
            if head == "derivative":
                return self._partial_derivative(*operands)
            if head in WITHOUT_VALUE:
                raise ValueError(f"`{head}` has no value of its own")
            return self.step(head, *operands)

        return fold(tree, combine)

    def derivative(self, slot: int, variable: str = "x") -> int | None:
        """The slot of the derivative of a slot with respect to a leaf; None where it is identically 0."""
        known = self._derivatives
        for each in range(slot + 1):
            if (each, variable) not in known:
                known[each, variable] = self._differentiate(each, variable)
        return known[slot, variable]

    def _partial_derivative(self, slot: int, by: int) -> int:
        variable, _ = self.steps[by]
        if variable not in _INDEPENDENT:
            raise ValueError(f"`derivative u v` has a value for a variable or a coefficient v. Received: `{variable}`.")
        derivative = self.derivative(slot, variable)
        return self.step(0) if derivative is None else derivative

    def _differentiate(self, slot: int, variable: str) -> int | None:
        head, operands = self.steps[slot]
        if not operands:
            return self.step(1) if head == variable else None
        inner = [self._derivatives[operand, variable] for operand in operands]
        if inner == [None] * len(inner) or head == "sign":
            return None
        if head in _DERIVATIVES:
            return self._times(self.enter(_DERIVATIVES[head], {"x": operands[0]}), inner[0])
        return self._BINARY_RULES[head](self, slot, *operands, *inner)

    def _plus(self, a: int | None, b: int | None) -> int | None:
        if a is None or b is None:
            return b if a is None else a
        m, n = self.steps[a][0], self.steps[b][0]
        if isinstance(m, int) and isinstance(n, int):  # acos(x - (1 + x)) has a derivative, as what is inside has none
            return self.step(m + n) if m + n else None
        return self.step("add", a, b)

    def _times(self, a: int | None, b: int | None) -> int | None:
        if a is None or b is None:
            return None
        if self.steps[b] == (1, ()):
            return a
        return self.step("mul", a, b)

    def _negated(self, a: int | None) -> int | None:
        return self._times(self.step(-1), a)

    def _sum_rule(self, slot, u, v, du, dv):
        return self._plus(du, dv)

    def _difference_rule(self, slot, u, v, du, dv):
        return self._plus(du, self._negated(dv))

    def _product_rule(self, slot, u, v, du, dv):
        return self._plus(self._times(v, du), self._times(u, dv))

    def _quotient_rule(self, slot, u, v, du, dv):
        return self.step("div", self._plus(du, self._negated(self._times(slot, dv))), v)

    def _power_rule(self, slot, u, v, du, dv):
        if dv is None:
            return self._times(self._times(v, self._lower_power(slot, u, v)), du)
        growth = self._times(self.step("ln", u), dv)
        if du is not None:
            growth = self._plus(growth, self.step("div", self._times(v, du), u))
        return self._times(slot, growth)

    def _lower_power(self, slot, u, v):
        exponent, _ = self.steps[v]
        if not isinstance(exponent, int):
            return self.step("div", slot, u)
        return u if exponent == 2 else self.step("pow", u, self.step(exponent - 1))

    _BINARY_RULES = {
        "add": _sum_rule,
        "sub": _difference_rule,
        "mul": _product_rule,
        "div": _quotient_rule,
        "pow": _power_rule,
    }

    def terms(self, slot: int) -> list[int]:
        """The slots of the terms of a sum, through nested sums and differences; of any other slot, only that slot."""
        found, todo = [], [slot]
        while todo:
            head, operands = self.steps[todo[-1]]
            each = todo.pop()
            if head in ("add", "sub"):
                todo += operands
            else:
                found.append(each)
        return found

    def run(self, leaf: Callable[[str | int], Any], operations: Mapping[str, Callable]) -> list:
        """The value of every slot: `leaf(head)` of each leaf, `operations[head](*operands)` of each other step."""
        values = []
        for head, operands in self.steps:
            if not operands:
                value = leaf(head)
            elif len(operands) == 1:
                value = operations[head](values[operands[0]])
            else:
                value = operations[head](values[operands[0]], values[operands[1]])
            values.append(value)
        return values
