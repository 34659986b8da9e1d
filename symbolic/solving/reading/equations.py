"""Differential equations as people write them: `dy/dx = y`, `u'' + u = 0`, `\\ddot x = -x`, `y' = -2y, y(0) = 1`.

The notations of derivatives become one: a token of kind "unknown" with its order. What is differentiated is the unknown
function, and by what is the variable.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from symbolic.expressions.infix import InfixError
from symbolic.expressions.prefix import Tree
from symbolic.solving.question import Condition, Names
from symbolic.solving.reading.integrals import check_scope
from symbolic.solving.reading.lexer import CLOSE, OPEN, Token, closing, split_at, tokens_of
from symbolic.solving.reading.writer import Writer, _function, is_name

_LEADING = set("solve the a an ode differential equation equations of find for problem ivp initial value".split())
_BEFORE_CONDITIONS = set("the initial boundary condition conditions value values if when".split())
_SEPARATORS = {",", ";", "and", "with", "where", "given"}
_CALLS = {"dsolve", "DSolve", "desolve", "ode", "rsolve"}

_L = r"([^\W\d_](?:_?\d+)?)"  # the name of a function or a variable
_N = r"(?:(?:\^|\*\*)[({]?(\d+)[)}]?)?"  # the order of a derivative
_LEIBNIZ = [
    # \frac{d^2y}{dx^2}; the function may stand behind it, in brackets or not.
    re.compile(rf"\\frac\{{d{_N}{_L}?\}}\{{d{_L}{_N}\}}"),
    re.compile(rf"\(?d([23]){_L}\)?/\(?d{_L}([23])\)?"),  # d2y/dx2
    re.compile(rf"\(?d{_N}{_L}?\)?/\(?d{_L}{_N}\)?"),
]
_BEHIND = re.compile(rf"\*?[({{[]?{_L}[)}}\]]?")
_ARGUMENT = rf"(?:[(\[]{_L}[)\]])?"
_BY = rf"((?:,{_L})+|,{_L},\d+|,[({{]{_L},\d+[)}}])"
_CALLED = re.compile(rf"(?:Derivative|diff|D)[(\[]{_L}{_ARGUMENT}{_BY}[)\]]")
_METHOD = re.compile(rf"{_L}{_ARGUMENT}\.diff\(({_L}(?:,{_L})*|{_L},\d+|\({_L},\d+\))\)")
_LONGEST = 40  # tokens of one derivative


class NoDerivative(InfixError):
    """A text that was to be a differential equation holds no derivative."""


class AskedEquation(NamedTuple):
    """A differential equation as it was read: `sub left right` in x and Y, and what goes with it."""

    equation: Tree
    names: Names
    conditions: tuple[Condition, ...]
    notes: tuple[str, ...]


class _Derivative(NamedTuple):
    """A derivative found in a text: of which function, of which order, by which variable (None if it is not named)."""

    name: str
    order: int
    variable: str | None
    stop: int  # index of the token after it


def read_equation(text: str, conditions: str = "") -> AskedEquation:
    """The differential equation that a text asks for, with initial and boundary conditions after it.

    Args:
        conditions: further ones, as a text.

    Raises:
        InfixError: it is none of first or second order in one unknown function; the message names what it is.
    """
    try:
        tokens = tokens_of(text, breaks=True)
        check_scope(tokens)
        parts = [*_parts(tokens), *([] if not conditions else _parts(tokens_of(conditions)))]
        parts, found = _with_unknowns(parts)
        unknown, variable = _named(parts, found, text)
        parts = [_with_products(_marked(part, unknown, variable)) for part in parts]
        equations = [part for part in parts if _condition_parts(part, unknown) is None]
        given = [each for part in parts if (each := _condition_parts(part, unknown)) is not None]
        if len(equations) != 1:
            place = equations[1][0].place if equations else 0
            reason = "this is a system of equations; one equation in one unknown function is solved"
            raise InfixError(reason if equations else "there is no equation besides the conditions", place)
        writer = Writer(text, variable, unknown)
        tree = writer.tree(equations[0])
        if tree.head != "sub":
            tree = Tree("sub", (tree, Tree(0)))
        read = tuple(Condition(order, writer.tree(at), writer.tree(value)) for order, at, value in given)
        _check_conditions(read, writer, tokens)
    except RecursionError:
        raise InfixError("the text nests too deeply", 0, text) from None
    except InfixError as error:
        raise error if error.text else type(error)(error.reason, error.position, text) from None
    return AskedEquation(tree, Names(variable, unknown, tuple(writer.constants)), read, tuple(writer.notes))


def _parts(tokens: list[Token]) -> list[list[Token]]:
    """The equation and the conditions, each as its tokens."""
    while tokens and tokens[-1].text in (".", "?", ";", ","):
        tokens = tokens[:-1]
    while len(tokens) > 1 and tokens[0].text.lower() in _LEADING | {":"} and tokens[1].text not in ("'", "="):
        tokens = tokens[1:]
    if len(tokens) > 1 and tokens[0].text in _CALLS and closing(tokens, 1) == len(tokens) - 1:
        inner, *others = split_at(tokens[2:-1], {","})
        given = [part for other in others for part in _ics(other)]
        return [*_without_braces(inner), *given]
    parts = [_without_words(part) for part in split_at(tokens, _SEPARATORS) if part]
    return [each for part in parts for each in _without_braces(part)]


def _without_words(part: list[Token]) -> list[Token]:
    """Without `the initial condition` before a condition."""
    while len(part) > 1 and part[0].text.lower() in _BEFORE_CONDITIONS | {":"}:
        part = part[1:]
    return part


def _without_braces(part: list[Token]) -> list[list[Token]]:
    """`Eq(a, b)` as a = b, and the parts of a list."""
    if len(part) > 1 and part[0].text in ("Eq", "Equality") and closing(part, 1) == len(part) - 1:
        sides = split_at(part[2:-1], {","})
        if len(sides) == 2:
            return [[*sides[0], Token("sign", "=", part[0].place), *sides[1]]]
    if len(part) > 1 and part[0].text in "{[" and closing(part, 0) == len(part) - 1:
        return [each for inner in split_at(part[1:-1], {","}) for each in _without_braces(inner)]
    return [part]


def _ics(argument: list[Token]) -> list[list[Token]]:
    """The conditions in `ics={y(0): 1}`; none in other arguments, which name the function."""
    texts = [token.text for token in argument]
    if texts[:2] != ["ics", "="] or len(texts) < 3:
        return []
    inner = argument[3:-1] if texts[2] == "{" else argument[2:]
    return [
        [token._replace(text="=") if token.text == ":" else token for token in part] for part in split_at(inner, {","})
    ]


# --- derivatives ------------------------------------------------------------------------------------------------------


def _with_unknowns(parts: list[list[Token]]) -> tuple[list[list[Token]], list[_Derivative]]:
    """The parts with every derivative as a token of kind "unknown", and all derivatives found."""
    found: list[_Derivative] = []
    result = []
    for part in parts:
        tokens = _apart(part)
        marked: list[Token] = []
        index = 0
        while index < len(tokens):
            derivative = next((each for find in _FINDERS if (each := find(tokens, index)) is not None), None)
            if derivative is None:
                marked.append(tokens[index])
                index += 1
                continue
            token = tokens[index]
            if token.kind == "word" and token.text.endswith(derivative.name) and token.text != derivative.name:
                before = token.text[: -len(derivative.name)]  # xy'
                if not before.startswith("d") and token.text not in ("Derivative", "diff"):
                    marked.append(token._replace(text=before))
            marked.append(Token("unknown", derivative.name, token.place, token.glued, derivative.order))
            found.append(derivative)
            index = derivative.stop
        result.append(marked)
    if not found:
        result = [_by_differentials(part, found) for part in result]
    return result, found


def _apart(tokens: list[Token]) -> list[Token]:
    """`xdy` is x dy, where the differential of a letter ends a longer word."""
    result = []
    for token in tokens:
        if token.kind == "word" and len(token.text) > 2 and token.text[-2] == "d" and _function(token.text) is None:
            rest = token.text[:-2]
            if not is_name(token.text) and (len(rest) <= 2 or _function(rest) is not None):
                result.append(token._replace(text=rest))
                result.append(token._replace(text=token.text[-2:], place=token.place + len(rest), glued=True))
                continue
        result.append(token)
    return result


def _by_primes(tokens: list[Token], index: int) -> _Derivative | None:
    token = tokens[index]
    if token.kind != "word" or index + 1 == len(tokens):
        return None
    name = token.text if is_name(token.text) else token.text[-1]
    if _function(token.text) is not None and not is_name(token.text):
        return None
    after = tokens[index + 1]
    if after.kind == "prime":
        return _Derivative(name, len(after.text), None, index + 2)
    if after.text not in ("^", "**") or index + 2 == len(tokens):
        return None
    stop = closing(tokens, index + 2) + 1 if tokens[index + 2].text in OPEN else index + 3
    inner = [each.text for each in tokens[index + 2 : stop] if each.text not in {*OPEN, *CLOSE}]
    if inner and all(each == "\\prime" or set(each) == {"'"} for each in inner):
        return _Derivative(name, sum(1 if each == "\\prime" else len(each) for each in inner), None, stop)
    nested = [each.text for each in tokens[index + 2 : stop]]
    if len(nested) == 5 and nested[:2] == ["{", "("] and nested[2].isdecimal():  # y^{(4)}
        return _Derivative(name, int(nested[2]), None, stop)
    return None


def _by_dots(tokens: list[Token], index: int) -> _Derivative | None:
    order = {"\\dot": 1, "\\ddot": 2, "\\dddot": 3}.get(tokens[index].text)
    if order is None or index + 1 == len(tokens):
        return None
    stop = closing(tokens, index + 1) + 1 if tokens[index + 1].text in OPEN else index + 2
    inner = [each.text for each in tokens[index + 1 : stop] if each.text not in {*OPEN, *CLOSE}]
    return _Derivative(inner[0], order, "t", stop) if len(inner) == 1 and is_name(inner[0]) else None


def _matched(pattern: re.Pattern, tokens: list[Token], index: int) -> tuple[re.Match, int] | None:
    """A match of a pattern with the texts of whole tokens from `index`, and the index after it."""
    ends, text = {}, ""
    for stop in range(index, min(len(tokens), index + _LONGEST)):
        text += tokens[stop].text
        ends[len(text)] = stop + 1
    match = pattern.match(text)
    while match and match.end() not in ends:  # the name of the last letter may run on
        match = pattern.fullmatch(text, 0, max((end for end in ends if end < match.end()), default=0))
    return (match, ends[match.end()]) if match else None


def _by_leibniz(tokens: list[Token], index: int) -> _Derivative | None:
    if not tokens[index].text.startswith(("d", "\\frac", "(")):
        return None
    for pattern in _LEIBNIZ:
        if (matched := _matched(pattern, tokens, index)) is None:
            continue
        match, stop = matched
        above, name, variable, below = match.groups()
        if tokens[index].text == "(" and match[0].count("(") != match[0].count(")"):
            continue
        order = int(above or 1)
        if int(below or 1) != order:
            raise InfixError("the orders above and below in this derivative differ", tokens[index].place)
        if name is None:
            behind = _matched(_BEHIND, tokens, stop)
            if behind is None:
                raise InfixError(f"after `d/d{variable}` the unknown function was expected", tokens[index].place)
            name, stop = behind[0][1], behind[1]
        return _Derivative(name, order, variable, stop)
    return None


def _by_call(tokens: list[Token], index: int) -> _Derivative | None:
    if tokens[index].text in ("Derivative", "diff", "D"):
        matched = _matched(_CALLED, tokens, index)
        if matched is None:
            return None
        match, stop = matched
        by = re.findall(r"[^\W\d_]\w*|\d+", match[3])
        return _Derivative(match[1], _order(by), by[0], stop)
    if tokens[index].kind != "word" or not is_name(tokens[index].text):
        return None
    matched = _matched(_METHOD, tokens, index)
    if matched is None:
        return None
    match, stop = matched
    by = re.findall(r"[^\W\d_]\w*|\d+", match[3])
    return _Derivative(match[1], _order(by), by[0], stop)


def _order(by: list[str]) -> int:
    """The order of a derivative by `x`, `x, x` or `x, 2`."""
    return int(by[-1]) if by[-1].isdecimal() else len(by)


_FINDERS: list[Callable[[list[Token], int], _Derivative | None]] = [_by_call, _by_leibniz, _by_dots, _by_primes]


def _by_differentials(part: list[Token], found: list[_Derivative]) -> list[Token]:
    """`x dy = y dx` as x*y' = y: divided by the differential of the variable."""
    letters = list(
        dict.fromkeys(
            token.text[1] for token in part if token.kind == "word" and len(token.text) == 2 and token.text[0] == "d"
        )
    )
    if len(letters) != 2:
        return part
    variable = next((letter for letter in ("x", "t") if letter in letters), letters[1])
    (unknown,) = (letter for letter in letters if letter != variable)
    result: list[Token] = []
    for index, token in enumerate(part):
        if token.text == f"d{unknown}":
            found.append(_Derivative(unknown, 1, variable, index))
            result.append(Token("unknown", unknown, token.place, token.glued, 1))
        elif token.text == f"d{variable}":
            if not result or result[-1].text in {*OPEN, "+", "-", "*", "/", "="}:
                result.append(token._replace(kind="number", text="1"))
        else:
            result.append(token)
    return result


# --- names ------------------------------------------------------------------------------------------------------------


def _named(parts: list[list[Token]], found: list[_Derivative], text: str) -> tuple[str, str]:
    """The unknown function and the variable.

    Raises:
        InfixError: there are several of one of them, no derivative, or one of higher order.
    """
    system = "this is a system of equations; one equation in one unknown function is solved"
    unknowns = list(dict.fromkeys(each.name for each in found))
    tokens = [token for part in parts for token in part]
    place = tokens[0].place if tokens else 0
    if not unknowns:
        raise NoDerivative("a differential equation holds y' or y''; it holds no derivative of y", place)
    words = {token.text for token in tokens if token.kind == "word"}
    stem = re.fullmatch(r"(.)_?\d+", unknowns[0])
    relatives = [word for word in words if stem and word != unknowns[0] and re.fullmatch(rf"{stem[1]}_?\d+", word)]
    if len(unknowns) > 1 or relatives:
        names = " and ".join(f"`{name}`" for name in [*unknowns, *relatives][:4])
        raise InfixError(f"{system} (it has {names})", place)
    highest = max(each.order for each in found)
    if highest > 2:
        ordinal = {3: "third", 4: "fourth", 5: "fifth"}.get(highest, f"{highest}th")
        raise InfixError(f"this equation is of {ordinal} order; those of first and second order are solved", place)
    (unknown,) = unknowns
    variables = list(dict.fromkeys(each.variable for each in found if each.variable and each.variable != unknown))
    for part in parts:
        for index, token in enumerate(part[:-2]):
            if token.text == unknown and part[index + 1].text in OPEN and part[index + 3 : index + 4]:
                inside, after = part[index + 2], part[index + 3]
                if after.text in CLOSE and inside.kind == "word" and is_name(inside.text) and not _is_number(inside):
                    variables += [inside.text] if inside.text not in (unknown, *variables) else []
    if len(variables) > 1:
        both = " and ".join(f"`{name}`" for name in variables)
        raise InfixError(f"a differential equation has one variable; this one has {both}", place)
    if variables:
        return unknown, variables[0]
    letters = {token.text for token in tokens if token.kind == "word"}
    if unknown != "x" and ("x" in letters or any("x" in word and _function(word) is None for word in letters)):
        return unknown, "x"
    if unknown == "x" or ("t" in letters and unknown != "t"):
        return unknown, "t"
    return unknown, "x"


def _is_number(token: Token) -> bool:
    return token.text in ("e", "E", "pi", "π", "i", "I")


def _marked(part: list[Token], unknown: str, variable: str) -> list[Token]:
    """The part with the unknown function itself marked too, and `y(x)` without its argument."""
    result: list[Token] = []
    index = 0
    while index < len(part):
        token = part[index]
        index += 1
        if token.kind == "word" and token.text == unknown:
            token = Token("unknown", unknown, token.place, token.glued)
        result.append(token)
        if token.kind == "unknown" and [each.text for each in part[index : index + 3]][1:2] == [variable]:
            if len(part) > index + 2 and part[index].text in OPEN and part[index + 2].text in CLOSE:
                index += 3
                if [each.text for each in part[index : index + 3]] == [".", "subs", "("]:  # y(x).subs(x, 0)
                    stop = closing(part, index + 2)
                    value = split_at(part[index + 3 : stop], {","})[-1]
                    result += [Token("sign", "(", token.place), *value, Token("sign", ")", token.place)]
                    index = stop + 1
        elif token.kind == "unknown" and [each.text for each in part[index : index + 3]] == [".", "subs", "("]:
            stop = closing(part, index + 2)
            value = split_at(part[index + 3 : stop], {","})[-1]
            result += [Token("sign", "(", token.place), *value, Token("sign", ")", token.place)]
            index = stop + 1
    return result


def _with_products(part: list[Token]) -> list[Token]:
    """With a sign for the product before an unknown: in `sin x y'` it is no part of what the sine is taken of."""
    result: list[Token] = []
    for token in part:
        before = result[-1] if result else None
        if token.kind == "unknown" and before is not None and (token.order or not token.glued):
            is_operand = before.kind in ("number", "unknown") or before.text in CLOSE
            is_operand = is_operand or (before.kind == "word" and _function(before.text) is None)
            if is_operand:
                result.append(Token("sign", "*", token.place))
        result.append(token)
    return result


# --- conditions -------------------------------------------------------------------------------------------------------


def _condition_parts(part: list[Token], unknown: str) -> tuple[int, list[Token], list[Token]] | None:
    """Of `y'(0) = 1` the order, the place and the value; None for anything else."""
    if len(part) < 5 or part[0].kind != "unknown" or part[0].text != unknown or part[1].text not in OPEN:
        return None
    stop = closing(part, 1)
    if stop + 2 > len(part) - 1 or part[stop + 1].text not in ("=", "==", ":"):
        return None
    at = part[2:stop]
    if len(at) > 2 and at[1].text == "=":  # y(x=0)
        at = at[2:]
    if not at or any(token.kind == "unknown" for token in [*at, *part[stop + 2 :]]):
        return None
    return part[0].order, at, part[stop + 2 :]


def _check_conditions(conditions: tuple[Condition, ...], writer: Writer, tokens: list[Token]) -> None:
    for condition in conditions:
        for tree in condition[1:]:
            if "x" in _leaves(tree):
                raise InfixError(
                    f"a condition gives a value at a number, without the variable `{writer.variable}`", tokens[0].place
                )


def _leaves(tree: Tree) -> set[str | int]:
    leaves, todo = set(), [tree]
    while todo:
        node = todo.pop()
        todo += node.operands
        leaves |= set() if node.operands else {node.head}
    return leaves
