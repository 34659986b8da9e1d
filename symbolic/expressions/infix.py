"""What a person types to trees and back: `x*exp(x)`, `2x^3`, `sin(x)^2`, `ln|x|`, `√x`, `\\frac{1}{2}`, `y' = 2x`.

A grammar reads the text and nothing evaluates it, so `10**10**10` is a small tree. How ambiguous text is read:

- `*`, `/` and multiplication without a sign have one precedence, left to right: `1/2x` is (1/2)*x.
- `^` (or `**`) groups to the right and binds tighter than a sign: `-3^2` is -(3^2), `x^-1` is x^(-1).
- A function without brackets takes the numbers and names that follow it: `sin 2x cos x` is sin(2*x)*cos(x).
- Whatever could be read two ways is refused: `sin x (x+1)`, `sin^-1 x`, names that run together such as `xy`.
- `√` takes one power: `√x^2` is sqrt(x^2), `√2x` is sqrt(2)*x.
- Inside bars, a bar closes wherever it can: `|x|y|` is refused, `|x*|y||` is |x*|y||.
- Case matters, `Y` is the unknown function and `y` a variable; but in a text that holds `y'`, `y` is the unknown.

Trees of one value can differ in shape, and every shape has a text of its own: `from_infix(to_infix(tree)) == tree`.
Sums and products are flat lists to the reader and right-nested in the tree; `a - b` is a sum with a negated term; a
difference at the root is an equation; negation goes into the leading integer of a product, or puts -1 before it.
"""

import difflib
import functools
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import lark

from symbolic.expressions.notation import MAX_DEPTH, MAX_DIGITS
from symbolic.expressions.prefix import Tree, chain, fold
from symbolic.expressions.tokens import ARITY, spellings

MAX_CHARACTERS = 10_000
MAX_SPLIT = 20  # longest unknown word that is tried as names run together


class InfixError(ValueError):
    """A text is not an expression.

    Attributes:
        reason: what was found and what was expected, in words.
        position: index of the offending character, counted from 0; the length of the text if it ends too early.
    """

    def __init__(self, reason: str, position: int, text: str = ""):
        self.reason, self.position, self.text = reason, position, text
        super().__init__(reason, position, text)  # all of them, so that the error can be pickled

    def __str__(self) -> str:
        if not self.text:
            return self.reason
        start = max(0, self.position - 30)
        shown = "".join(c if c.isprintable() else " " for c in self.text[start : self.position + 30])
        return f"{self.reason}\n  {shown}\n  {' ' * (self.position - start)}^"


# --- Names ----------------------------------------------------------------------------------------------------------

_FUNCTIONS = set(spellings("operator") + spellings("function"))
_LEAVES = {name for kind in ("variable", "constant", "coefficient", "unknown") for name in spellings(kind)}
_INVERSES = [name for name in _FUNCTIONS if name[0] == "a" and name[1:] in _FUNCTIONS]
# What people type -> the token it stands for.
_NAMES = {name: name for name in _FUNCTIONS | _LEAVES}
_NAMES |= {"e": "E", "i": "I", "π": "pi", "log": "ln", "sgn": "sign"}
_NAMES |= {f"arc{name[1:]}": name for name in _INVERSES}
_NAMES |= {f"ar{name[1:]}": name for name in _INVERSES if name.endswith("h")}
_NAMES |= {"y'": "Y'", "y''": "Y''"}
_HINTS = {
    "dy": "write y' for dy/dx",
    "dx": "leave dx out, the variable is x",
    **{f"log{base}": f"write ln(x)/ln({base}) for it" for base in (2, 3, 10)},
}


def _did_you_mean(name: str) -> str:
    """A hint for an unknown name, or nothing: names run together, a power without its sign, a near miss."""
    if re.fullmatch(r"[yY]'{3,}", name):
        return "; equations are of first or second order"
    if name in _HINTS:
        return f"; {_HINTS[name]}"
    letters = name.rstrip("0123456789")
    if split := _split(name):
        meant = split
    elif letters in _LEAVES and letters != name:
        meant = f"{letters}^{name[len(letters) :]}"
    else:
        other_case = [known for known in _NAMES if known.lower() == name.lower()]
        meant = next(iter(other_case or difflib.get_close_matches(name, _NAMES, n=1)), None)
    return f"; did you mean `{meant}`?" if meant else ""


def _split(name: str) -> str | None:
    """A word as the fewest known names run together, with the signs between them; None if it is not made of names."""
    splits = {0: ""}  # length of a prefix of `name` -> that prefix, split
    for stop in range(1, min(len(name), MAX_SPLIT) + 1):
        candidates = []
        for start, before in splits.items():
            piece = name[start:stop]
            after_function = before.endswith(" ")
            if piece in _NAMES and not (after_function and piece == "e"):  # `sine` is not sin e
                candidates.append(before + piece + (" " if _NAMES[piece] in _FUNCTIONS else "*"))
        if candidates:
            splits[stop] = min(candidates, key=len)
    return splits[len(name)][:-1] if len(name) in splits else None


# --- Reading --------------------------------------------------------------------------------------------------------

# After a `_closed` product another factor may follow without a sign. An `_open` product ends in a function without
# brackets, after which only another function may follow. The lexer calls every word NAME and every bar _BAR; `_resolve`
# then makes FUNCTION of the names of functions and _BAR_CLOSE of the bars that close.
_GRAMMAR = r"""
start: sum [_EQUALS sum]

sum: SIGN* product (SIGN+ product)*
product: _closed | _open
_closed: factor
       | (_closed | _open) (MUL | DIV) signed
       | _closed noun_factor
       | _open power{call}
_open: bare
     | (_closed | _open) (MUL | DIV) signed_bare
     | (_closed | _open) bare

?signed: factor | SIGN+ factor
?signed_bare: bare | SIGN+ bare -> signed
?factor: power{number} | noun_factor
?noun_factor: power{noun} | root
?power{base}: base
            | base superscript -> raised
            | base _POWER signed -> raised
root: _ROOT factor
number: NUMBER
superscript: SUPERSCRIPT -> number
name: NAME | UNKNOWN
?noun: name | call | _LPAR sum _RPAR | absolute | fraction | nth_root
absolute: _BAR sum _BAR_CLOSE
fraction: _FRACTION _LPAR sum _RPAR _LPAR sum _RPAR
nth_root: _NTH_ROOT _LPAR sum _RPAR _LPAR sum _RPAR

call: FUNCTION [exponent] (_LPAR sum (_COMMA sum)* _RPAR | absolute)
bare: FUNCTION [exponent] (run | bare | power{call}) -> call
run: (power{number} | power{name} | root) (power{name} | root)*
?exponent: _POWER number | _POWER _LPAR number _RPAR | superscript
         | _POWER _LPAR? SIGN -> negative_exponent

SIGN: "+" | "-"
MUL.1: "*" | "\\cdot" | "\\times"
DIV: "/"
_POWER.2: "^" | "**"
SUPERSCRIPT: /⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+/
NUMBER: /[0-9]+(\.[0-9]+)?|\.[0-9]+/
_ROOT: "√"
_FRACTION.2: /\\frac(?![A-Za-z])/
_NTH_ROOT.2: /\\sqrt\s*(?=\[)/
_LPAR: "(" | "[" | "{"
_RPAR: ")" | "]" | "}"
_COMMA: ","
_EQUALS: "=" | "=="
UNKNOWN.2: /Y'{0,2}\s*\(\s*x\s*\)/
NAME: /\\operatorname\{[A-Za-z]+\}|a_[0-9]|a_\{[0-9]\}|\\?[A-Za-z]+[0-9]*'*|π/
_BAR: "|"
%declare FUNCTION _BAR_CLOSE
LAYOUT.2: /\s+|\\(left|right)(?![A-Za-z])|\\[ ,;:!]/
%ignore LAYOUT
"""

_SAME_CHARACTER = str.maketrans("×·⋅∙∗÷−–′’", "****" + "*/--" + "''")
_SCIENTIFIC = re.compile(r"(?<![A-Za-z0-9_.])([0-9]+\.?[0-9]*|\.[0-9]+)[eE]([+-]?)([0-9]+)")
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_OPERAND_ENDS = {"NAME", "UNKNOWN", "NUMBER", "SUPERSCRIPT", "_RPAR", "_BAR_CLOSE"}


def from_infix(text: str) -> Tree:
    """The tree of what a person typed; `lhs = rhs` becomes `sub lhs rhs`, a decimal an exact fraction.

    Raises:
        InfixError: the text is not an expression, or it is longer than MAX_CHARACTERS or deeper than MAX_DEPTH.
    """
    if len(text) > MAX_CHARACTERS:
        raise InfixError(f"a text has at most {MAX_CHARACTERS} characters, received {len(text)}", MAX_CHARACTERS)
    same_length = text.translate(_SAME_CHARACTER)
    if scientific := _SCIENTIFIC.search(same_length):
        number, sign, exponent = scientific.groups()
        number, power = number.rstrip("."), f"{sign}{exponent}".lstrip("+")
        meant = f"`({number}*10^{power})` or `({number}*e {sign or '*'} {exponent})`"
        raise InfixError(f"`{scientific[0]}` may mean several things: write {meant}", scientific.start(), text)
    if re.search(r"(?<![A-Za-z])y'", same_length):
        same_length = re.sub(r"(?<![A-Za-z])y(?![A-Za-z0-9_])", "Y", same_length)
    try:
        tree = _parse(same_length)
    except InfixError as error:
        raise InfixError(error.reason, error.position, text) from None
    except lark.UnexpectedCharacters as error:
        found = text[error.pos_in_stream]
        raise InfixError(f"the character {found!r} has no meaning here", error.pos_in_stream, text) from None
    except lark.UnexpectedToken as error:
        position = len(text) if error.token.type == "$END" else error.token.start_pos
        raise InfixError(_unexpected(error), position, text) from None
    depth = fold(tree, lambda head, operands: 1 + max(operands) if operands else 0)
    if depth > MAX_DEPTH:
        raise InfixError(f"expressions nest at most {MAX_DEPTH} levels, this one {depth}", 0, text)
    return tree


def _parse(text: str) -> Tree:
    parser = _parser()
    state = parser.parse_interactive()
    for token in _resolve(parser.lex(text)):
        state.feed_token(token)
    return state.feed_eof()


@functools.cache
def _parser() -> lark.Lark:
    return lark.Lark(_GRAMMAR, parser="lalr", lexer="basic", transformer=_Reader())


def _resolve(tokens: Iterator[lark.Token]) -> Iterator[lark.Token]:
    """The tokens with names looked up and bars told apart.

    Raises:
        InfixError: a name is unknown, a bracket does not match, or a bracket follows Y. The grammar has no words for
            these.
    """
    brackets: list[lark.Token] = []  # those still open
    previous = lark.Token("START", "")
    for token in tokens:
        after_operand = previous.type in _OPERAND_ENDS
        if token.type == "NAME":
            token = _look_up(token)
        elif token.type == "UNKNOWN":
            token = token.update(value=token[: token.index("(")].rstrip())
        elif token.type == "_BAR" and after_operand and brackets and brackets[-1] == "|":
            token = token.update("_BAR_CLOSE")
            brackets.pop()
        elif token.type in ("_BAR", "_LPAR"):
            if previous.startswith("Y") and token == "(":
                raise InfixError(
                    f"`{previous}` is a function of x: write `{previous}` or `{previous}(x)`, and a product with `*`",
                    token.start_pos,
                )
            brackets.append(token)
        elif token.type == "_RPAR":
            if not brackets or _CLOSING.get(brackets[-1]) != token:
                expected = f", `{brackets[-1]}` is still open" if brackets else ", no bracket is open"
                raise InfixError(f"`{token}` closes nothing{expected}", token.start_pos)
            brackets.pop()
        yield token
        previous = token
    if brackets:
        raise InfixError(f"`{brackets[-1]}` is never closed", brackets[-1].start_pos)


def _look_up(token: lark.Token) -> lark.Token:
    name = re.sub(r"\\operatorname|[\\_{}]", "", token)
    if name not in _NAMES:
        raise InfixError(f"unknown name `{token}`{_did_you_mean(name)}", token.start_pos)
    known = _NAMES[name]
    return token.update("FUNCTION" if known in _FUNCTIONS else "NAME", known)


def _unexpected(error: lark.UnexpectedToken) -> str:
    """What was found and what was expected. A number may stand only where an operand is expected."""
    found = "the text ends" if error.token.type == "$END" else f"found `{error.token}`"
    if "NUMBER" in error.expected:
        return f"{found} where a number, a name or a bracket was expected"
    if "_LPAR" in error.expected and "SIGN" not in error.expected:
        return f"{found} where an opening bracket was expected"
    return f"{found} where an operator or the end was expected; a product may need its `*`"


@lark.v_args(inline=True)
class _Reader(lark.Transformer):
    """The tree of each rule of the grammar; lark calls the methods while it parses, so that nothing recurses."""

    def start(self, left, right):
        return left if right is None else Tree("sub", (left, right))

    def sum(self, *children):
        terms, negative = [], False
        for child in children:
            if isinstance(child, lark.Token):
                negative ^= child == "-"
            else:
                terms.append(_negated(child) if negative else child)
                negative = False
        return chain("add", terms)

    signed = sum

    def product(self, *children):
        factors, dividing = [], False
        for child in children:
            if isinstance(child, lark.Token):
                dividing = child.type == "DIV"
            elif dividing:
                factors = [Tree("div", (chain("mul", factors), child))]
                dividing = False
            else:
                factors.append(child)
        return chain("mul", factors)

    run = product

    def raised(self, base, exponent):
        return Tree("pow", (base, exponent))

    def root(self, operand):
        return Tree("sqrt", (operand,))

    def number(self, token):
        if len(token) > MAX_DIGITS:
            raise InfixError(f"a number has at most {MAX_DIGITS} digits, received {len(token)}", token.start_pos)
        value = Fraction(token.translate(_SUPERSCRIPTS))
        if value.denominator == 1:
            return Tree(value.numerator)
        return Tree("div", (Tree(value.numerator), Tree(value.denominator)))

    def name(self, token):
        return Tree(str(token))

    def absolute(self, operand):
        return Tree("abs", (operand,))

    def fraction(self, numerator, denominator):
        return Tree("div", (numerator, denominator))

    def nth_root(self, degree, operand):
        return Tree("rac", (operand, degree))

    def call(self, function, exponent, *operands):
        if len(operands) != ARITY[function]:
            raise InfixError(
                f"`{function}` takes {ARITY[function]} operand(s), received {len(operands)}", function.start_pos
            )
        result = Tree(str(function), operands)
        if exponent is None:
            return result
        if isinstance(exponent.head, int) and exponent.head < 0:
            self.negative_exponent(function)
        return Tree("pow", (result, exponent))

    def negative_exponent(self, token):
        raise InfixError(
            "a negative power of a function's name may mean its inverse or its reciprocal; "
            "write for example `asin(x)` or `1/sin(x)`",
            token.start_pos,
        )


def _negated(tree: Tree) -> Tree:
    """The tree with a minus before it: in its leading integer (`3*x` and `1/2` have one), else as a factor -1."""
    parents = []
    leading = tree
    while leading.head in ("mul", "div"):
        parents.append(leading)
        leading = leading.operands[0]
    if not isinstance(leading.head, int):
        return Tree("mul", (Tree(-1), tree))
    result = Tree(-leading.head)
    for parent in reversed(parents):
        result = Tree(parent.head, (result, parent.operands[1]))
    return result


# --- Writing --------------------------------------------------------------------------------------------------------

# How tightly a text holds together. A negation is a product -1*t written -t.
_SUM, _NEGATION, _PRODUCT, _QUOTIENT, _POWER, _ATOM = range(6)


class _Text(NamedTuple):
    """A tree as text, its sign kept apart because that merges into the sum or product around it."""

    body: str
    level: int
    minus: bool = False  # a minus stands before body
    leading_integer: bool = False  # `_negated` would change an integer of the tree
    factors: str = ""  # of a product: its text after another factor, where no bare quotient may stand

    def __str__(self) -> str:
        return f"-{self.body}" if self.minus else self.body

    def within(self, level: int) -> str:
        """The text as an operand that must hold together as tightly as `level` and shows no bare sign."""
        return f"({self})" if self.minus or self.level < level else self.body

    def leading(self, level: int) -> "_Text":
        """The text as the first operand; if it needs no bracket, its sign becomes the sign of the whole."""
        if self.level >= level:
            return self
        return _Text(f"({self})", _ATOM, leading_integer=self.leading_integer)


def to_infix(tree: Tree) -> str:
    """The text of a tree: `from_infix` of it gives the same tree again. `sub` at the root becomes an equation."""
    if tree.head == "sub":
        return " = ".join(str(fold(side, _write)) for side in tree.operands)
    return str(fold(tree, _write))


def _write(head: str | int, operands: list[_Text]) -> _Text:
    if isinstance(head, int):
        return _Text(str(abs(head)), _ATOM, minus=head < 0, leading_integer=True)
    if not operands:
        return _Text(head, _ATOM)
    if head in _NOTATIONS:
        return _NOTATIONS[head](*operands)
    return _Text(f"{head}({', '.join(map(str, operands))})", _ATOM)


def _write_sum(left: _Text, right: _Text) -> _Text:
    left = left.leading(_NEGATION)
    return _Text(f"{left.body} {'-' if right.minus else '+'} {right.body}", _SUM, left.minus)


def _write_product(left: _Text, right: _Text) -> _Text:
    if str(left) == "-1" and not right.leading_integer:
        body = right.within(_PRODUCT)
        return _Text(body, _NEGATION, minus=True, leading_integer=True, factors=f"(-{body})")
    after = right.factors or right.within(_POWER)
    first = left.leading(_QUOTIENT)
    return _Text(
        f"{first.body}*{after}", _PRODUCT, first.minus, first.leading_integer, f"{left.within(_POWER)}*{after}"
    )


def _write_quotient(left: _Text, right: _Text) -> _Text:
    first = left.leading(_PRODUCT)
    return _Text(f"{first.body}/{right.within(_POWER)}", _QUOTIENT, first.minus, first.leading_integer)


def _write_power(base: _Text, exponent: _Text) -> _Text:
    return _Text(f"{base.within(_ATOM)}^{exponent.within(_POWER)}", _POWER)


_NOTATIONS = {"add": _write_sum, "mul": _write_product, "div": _write_quotient, "pow": _write_power}
