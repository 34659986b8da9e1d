"""Trees to SymEngine expressions and back.

SymEngine evaluates whatever it gets. `symengine_to_prefix` writes expressions in this project's canonical spelling,
which is the same on every platform.
"""

import functools

import symengine as se

from symbolic.expressions.notation import MAX_DIGITS
from symbolic.expressions.prefix import Tree, fold, from_prefix, integer_tokens
from symbolic.expressions.tokens import TOKENS, spellings

# A number to the power of a number is refused when its value would need more bits: 5**(5**13) takes GMP down.
MAX_POWER_BITS = 4096


class UndefinedError(ValueError):
    """An expression has no finite value: a division by zero, ln 0, tan(pi/2) and the like."""


class TooLargeError(ValueError):
    """An expression, or a number in it, would be too large to write down."""


# --- What tokens mean -------------------------------------------------------------------------------------------------

# Tokens that SymEngine and SymPy call by another name.
_OTHER_NAMES = {"ln": "log", "abs": "Abs"}
ABSTRACT = ("f", "g", "h", "derivative")  # functions without a meaning of their own
NAMED_FUNCTIONS = {
    token: _OTHER_NAMES.get(token, token)
    for token in spellings("function", 1)
    if token not in ABSTRACT and token != "exp"
}

_HALF = se.Rational(1, 2)
_SYMBOLS = {t.spelling: se.Symbol(t.spelling) for t in TOKENS.values() if t.kind in ("variable", "coefficient")}
_SYMBOLS |= {spelling: se.Symbol(spelling) for spelling in spellings("unknown")}
_CONSTANTS = {"pi": se.pi, "E": se.E, "I": se.I}
_FUNCTIONS = {token: getattr(se, name) for token, name in NAMED_FUNCTIONS.items()}


def _power(base, exponent):
    _check_power(base, exponent)
    return base**exponent


def _root(base, degree):
    return _power(base, _finite(1 / degree))


def _sign(operand):
    # se.sign((-x)**y) recurses until the process dies; of a product with a number it takes off the number and stops.
    return se.sign(2 * operand) if isinstance(operand, se.Pow) and operand.args[0] != se.E else se.sign(operand)


_OPERATIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": _power,
    "rac": _root,
    "inv": lambda a: 1 / a,
    "pow2": lambda a: _power(a, se.Integer(2)),
    "pow3": lambda a: _power(a, se.Integer(3)),
    "pow4": lambda a: _power(a, se.Integer(4)),
    "pow5": lambda a: _power(a, se.Integer(5)),
    "sqrt": lambda a: _power(a, _HALF),
    "exp": se.exp,
    **{name: se.Function(name) for name in ABSTRACT},
    **_FUNCTIONS,
    "sign": _sign,
}


# --- Trees to SymEngine -----------------------------------------------------------------------------------------------


def to_symengine(tree: Tree) -> se.Basic:
    """The SymEngine expression of a tree, evaluated to SymEngine's canonical form.

    Raises:
        UndefinedError: the expression, or a part of it, has no finite value.
        TooLargeError: it holds a power of numbers that is too large to write down.
    """

    def combine(head, operands):
        if isinstance(head, int):
            return se.Integer(head)
        if not operands:
            return _SYMBOLS[head] if head in _SYMBOLS else _CONSTANTS[head]
        return _finite(_OPERATIONS[head](*operands))

    try:
        return fold(tree, combine)
    except (RuntimeError, ZeroDivisionError) as error:  # what SymEngine raises for 1/0 inside a function
        if "unsigned long" in str(error):
            raise TooLargeError("a number to a power of more than 64 bits") from None
        raise UndefinedError(f"the expression has no finite value: {error}") from None


# SymEngine's values for what has no finite value.
UNDEFINED = (type(se.nan), type(se.oo), type(-se.oo), type(se.zoo))


def _finite(expr: se.Basic) -> se.Basic:
    if isinstance(expr, UNDEFINED):
        raise UndefinedError(f"the expression has no finite value: a part of it evaluates to {expr}")
    return expr


def _check_power(base, exponent) -> None:
    """Refuse a power whose evaluation computes number ** number with more than MAX_POWER_BITS bits."""
    constant = next((term for term in se.Add.make_args(exponent) if isinstance(term, se.Rational)), None)
    if constant is None:
        return
    for number, inner_exponent in _number_powers(base):
        if _bits(number) * abs(constant * inner_exponent) > MAX_POWER_BITS:
            raise TooLargeError(f"a number to the power {short_text(constant)} has too many digits to write down")


def _number_powers(expr):
    """(number, exponent) pairs that are raised with `expr`: of (2*x)**9 it is 2, of (3*sqrt(2))**9 3 and 2**(1/2)."""
    for factor in se.Mul.make_args(expr):
        if isinstance(factor, se.Number):
            yield factor, 1
        elif isinstance(factor, se.Pow) and isinstance(factor.args[1], se.Rational):
            base, exponent = factor.args
            yield from ((number, inner * exponent) for number, inner in _number_powers(base))


def _bits(number) -> int:
    """How many bits each multiplication by a number adds; none for 0, 1, -1, I and -I."""
    if number in (0, 1, -1, se.I, -se.I):
        return 0
    parts = [number] if isinstance(number, se.Rational) else [number.real, number.imag]
    return max(max(abs(int(part.p)), int(part.q)) for part in parts).bit_length()


def short_text(number) -> str:
    """The text of a number or expression for a message: beyond 40 characters only its beginning and its length."""
    text = str(number)
    return text if len(text) <= 40 else f"{text[:20]}… ({len(text)} digits)"


# --- SymEngine to trees -----------------------------------------------------------------------------------------------


def from_symengine(expr: se.Basic) -> Tree:
    """The tree of a SymEngine expression in canonical spelling; raises as `symengine_to_prefix` does."""
    return from_prefix(symengine_to_prefix(expr))


def symengine_to_prefix(expr: se.Basic) -> list[str]:
    """The canonical prefix sequence of a SymEngine expression.

    Sums and products are right-nested. Their operands are ordered only by content: numbers first, then the shorter,
    then by the tokens. SymEngine keeps sums in a hash table, so without this order one expression has many spellings.

    Raises:
        UndefinedError: infinity or nan occurs in it.
        TooLargeError: an integer in it has more digits than `from_prefix` reads.
        ValueError: it holds something that no token spells, a float for instance.
    """
    return list(_walk(expr))


@functools.lru_cache(256)  # a derivative holds the same parts again and again
def _walk(expr) -> tuple[str, ...]:
    writer = _WRITERS.get(type(expr))
    if writer is None:
        return _write_by_class(expr)
    return writer(expr)


_TOO_MANY_DIGITS = 10**MAX_DIGITS


def _write_integer(expr):
    value = int(expr)
    if abs(value) >= _TOO_MANY_DIGITS:
        raise TooLargeError(f"an integer of more than {MAX_DIGITS} digits occurs")
    return tuple(integer_tokens(value))


def _write_rational(expr):
    return ("div", *_write_integer(expr.p), *_write_integer(expr.q))


def _write_complex(expr):
    real, imaginary = expr.real, expr.imag
    product = ("I",) if imaginary == 1 else ("mul", *_walk(imaginary), "I")
    return product if real == 0 else ("add", *_walk(real), *product)


def _write_power(expr):
    base, exponent = expr.args
    if base == se.E:
        return ("exp", *_walk(exponent))
    if exponent == _HALF:
        return ("sqrt", *_walk(base))
    return ("pow", *_walk(base), *_walk(exponent))


def _write_chain(head):
    def write(expr):
        operands = []
        for operand in expr.args:  # three stack frames a level with the cache's, so that MAX_DEPTH levels fit
            tokens = _walk(operand)
            operands.append((not isinstance(operand, se.Number), len(tokens), tokens))
        operands.sort()
        last = len(operands) - 1
        return tuple(
            token
            for index, (_, _, tokens) in enumerate(operands)
            for token in ((head, *tokens) if index < last else tokens)
        )

    return write


def _write_function(token):
    def write(expr):
        tokens = (token,)
        for operand in expr.args:
            tokens += _walk(operand)
        return tokens

    return write


def _write_by_class(expr):
    """The tokens of an expression of a rarer type, which is found by inheritance."""
    if isinstance(expr, UNDEFINED):
        raise UndefinedError(f"the expression has no finite value: it contains {expr}")
    if isinstance(expr, type(se.I)) or isinstance(expr, type(2 + se.I)):
        return _write_complex(expr)
    if isinstance(expr, se.UndefFunction | type(se.Function("f")(0))) and expr.get_name() in ABSTRACT:
        return _write_function(expr.get_name())(expr)
    raise ValueError(f"no token spells {type(expr).__name__} {short_text(expr)}")


def _write_symbol(expr):
    name = expr.name
    if name not in _SYMBOLS:
        raise ValueError(f"no token spells the symbol {name}")
    return (name,)


_WRITERS = {
    se.Symbol: _write_symbol,
    # SymEngine has a class of its own for 0, 1, -1 and 1/2.
    **{type(number): _write_integer for number in map(se.Integer, (-1, 0, 1, 2))},
    **{type(number): _write_rational for number in (_HALF, _HALF / 2)},
    se.Add: _write_chain("add"),
    se.Mul: _write_chain("mul"),
    se.Pow: _write_power,
    type(se.pi): lambda expr: ("pi",),
    type(se.E): lambda expr: ("E",),
    **{type(function(_SYMBOLS["x"])): _write_function(token) for token, function in _FUNCTIONS.items()},
}


# --- What is computed with them ---------------------------------------------------------------------------------------


def canonical(tree: Tree) -> Tree:
    """The tree in the spelling that SymEngine's evaluation gives: one spelling for one expression.

    Raises:
        UndefinedError, TooLargeError: as `to_symengine` and `symengine_to_prefix` raise them.
    """
    return from_symengine(to_symengine(tree))


def differentiate(expr: se.Basic, variable: se.Symbol) -> se.Basic:
    """The derivative of a SymEngine expression; that of `abs` and `sign`, which SymEngine lacks, on the real line.

    abs(u)' = sign(u) u' and sign(u)' = 0 wherever u is real and not 0.
    """
    if not expr.atoms(se.Abs, se.sign):
        return expr.diff(variable)
    constants = {sign: se.Dummy() for sign in expr.atoms(se.sign)}
    back = {constant: sign for sign, constant in constants.items()}
    result = expr.xreplace(constants).diff(variable)
    for open_derivative in result.atoms(se.Derivative):
        function = open_derivative.args[0]
        if isinstance(function, se.Abs):
            inner = function.args[0].xreplace(back)
            back[open_derivative] = _sign(inner) * differentiate(inner, variable)
    return result.xreplace(back)  # all at once: a second pass would build every sign anew, see `_sign`
