"""Integrals as people write them: `∫ x² dx`, `\\int_0^1 x dx`, `x^2 from 0 to 1`, `Integral(x**2, (x, 0, 1))`."""

import itertools
from typing import NamedTuple

from symbolic.expressions.infix import InfixError
from symbolic.expressions.prefix import Tree
from symbolic.solving.question import Names
from symbolic.solving.reading.lexer import CLOSE, OPEN, Token, closing, split_at, tokens_of
from symbolic.solving.reading.names import OUT_OF_SCOPE
from symbolic.solving.reading.writer import Writer, _function, is_name, pieces_of

# Letters that are taken for the variable before others, where nothing names it.
_VARIABLES = "x t θ u z s y φ X w r v q n p"
_LEADING = set(
    "the an a integral antiderivative antiderivatives primitive indefinite definite of find compute calculate evaluate"
    " what is whats please integrate int function".split()
)
_CALLS = {"int", "integral", "integrate", "antiderivative", "Integral", "Integrate"}


class AskedIntegral(NamedTuple):
    """An integral as it was read: the integrand in x and a0, a1, …, and the limits, if there are any."""

    integrand: Tree
    names: Names
    limits: tuple[Tree, Tree] | None
    notes: tuple[str, ...]


def read_integral(text: str, variable: str | None = None, limits: tuple[str, str] | None = None) -> AskedIntegral:
    """The integral that a text asks for.

    Args:
        variable: its variable, if the text alone does not decide.
        limits: the lower and upper limit, as texts.

    Raises:
        InfixError: it is none, or holds something that is not known here; the message names it.
    """
    try:
        tokens = tokens_of(text)
        check_scope(tokens)
        tokens = _without_end(tokens)
        tokens, named, bounds = _specification(tokens)
        variable = variable or named
        tokens, named = _differential(tokens, variable)
        if variable and named and variable != named:
            raise InfixError(f"the integral is asked for in `{variable}` and in `{named}`", tokens[0].place)
        variable = variable or named
        tokens, named = _right_side(tokens, text)
        variable = variable or named or _chosen_variable(tokens)
        if not tokens:
            raise InfixError("the text ends where an integrand was expected", len(text))
        if tokens[:1] and tokens[0].text == ",":
            raise InfixError("found `,` where an integrand was expected", tokens[0].place)
        writer = Writer(text, variable)
        integrand = writer.tree(tokens)
        if bounds is None and limits is not None:
            bounds = tokens_of(limits[0]), tokens_of(limits[1])
        ends = None if bounds is None else _ends(writer, bounds)
    except InfixError as error:
        raise error if error.text else InfixError(error.reason, error.position, text) from None
    return AskedIntegral(integrand, Names(variable, "y", tuple(writer.constants)), ends, tuple(writer.notes))


def _ends(writer: Writer, bounds: tuple[list[Token], list[Token]]) -> tuple[Tree, Tree]:
    for tokens in bounds:
        if any(token.text in ("\\infty", "oo", "inf", "infinity", "Infinity") for token in tokens):
            raise InfixError("a limit is infinite; integrals are computed between finite limits", tokens[0].place)
        if any(token.text == writer.variable for token in tokens):
            raise InfixError(f"a limit of the integral holds its variable `{writer.variable}`", tokens[0].place)
    lower, upper = bounds
    return writer.tree(lower), writer.tree(upper)


def check_scope(tokens: list[Token]) -> None:
    """Refuse what cannot be meant or is not known here, by its name.

    Raises:
        InfixError: the text holds it.
    """
    stack: list[Token | None] = []
    before = None
    for index, token in enumerate(tokens):
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.kind == "command" and token.text[1:] in OUT_OF_SCOPE:
            raise InfixError(f"this is {OUT_OF_SCOPE[token.text[1:]]}", token.place)
        if token.kind == "word" and token.text in ("if", "when", "otherwise", "else"):
            raise InfixError(f"a function in pieces (`{token.text}`) is not known here", token.place)
        if token.text == "!":
            raise InfixError("the factorial is not among the functions that are known here", token.place)
        if token.text in ("±", "∓"):
            raise InfixError(f"the sign {token.text} asks two things: write two problems", token.place)
        if token.text in OPEN:
            stack.append(before)
        elif token.text in CLOSE and stack:
            stack.pop()
        elif token.text == "," and before and before.kind == "number" and after and after.kind == "number":
            function = stack[-1] if stack else None
            one = not stack or (function is not None and function.kind == "word" and _takes_one(function.text))
            if token.glued and after.glued and one and before.text.isdecimal():
                number = f"{before.text},{after.text}"
                raise InfixError(
                    f"`{number}` has a decimal comma: write it with a decimal point, {before.text}.{after.text}",
                    before.place,
                )
        before = token


def _takes_one(word: str) -> bool:
    return word != "log" and _function(word) is not None


def _without_end(tokens: list[Token]) -> list[Token]:
    """Without `= ?`, a full stop or a question mark at the end."""
    stop = len(tokens)
    while stop and tokens[stop - 1].text in ("?", ".", "=", "==", ";", ","):
        stop -= 1
    return tokens[:stop]


def _specification(
    tokens: list[Token],
) -> tuple[list[Token], str | None, tuple[list[Token], list[Token]] | None]:
    """The integrand's tokens, with the variable and the limits that words, signs or arguments around it name."""
    variable, bounds = None, None
    if len(tokens) > 1 and tokens[0].text in _CALLS and tokens[1].text in OPEN:
        if closing(tokens, 1) == len(tokens) - 1:
            inner, *parts = split_at(tokens[2:-1], {","})
            variable, bounds = _arguments(parts)
            return inner, variable, bounds
    while len(tokens) > 1 and (tokens[0].text.lower() in _LEADING or tokens[0].text == ":"):
        if tokens[0].text.lower() == "a" and tokens[1].text not in _LEADING:
            break  # a constant
        tokens = tokens[1:]
    if tokens and tokens[0].text == "\\int":
        tokens, bounds = _bounds(tokens[1:])
        if any(token.text == "\\int" for token in tokens):
            raise InfixError("integrals are in one variable; this is a double integral", tokens[0].place)
    tokens, phrase_variable, phrase_bounds = _phrases(tokens)
    if phrase_bounds is not None and bounds is not None:
        raise InfixError("the limits are given twice", tokens[0].place)
    variable, bounds = phrase_variable, bounds if phrase_bounds is None else phrase_bounds
    parts = split_at(tokens, {","})
    if len(parts) > 1:
        tokens = parts[0]
        named, given = _arguments(parts[1:])
        variable, bounds = variable or named, given if bounds is None else bounds
    return tokens, variable, bounds


def _arguments(parts: list[list[Token]]) -> tuple[str | None, tuple[list[Token], list[Token]] | None]:
    """The variable and limits after the integrand: `x`, `(x, 0, 1)`, `{x, 0, 1}`, `x, 0, 1`, `x=0..1`."""
    if len(parts) == 1 and parts[0] and parts[0][0].text in OPEN and closing(parts[0], 0) == len(parts[0]) - 1:
        parts = split_at(parts[0][1:-1], {","})
    if not parts:
        return None, None
    first = [token.text for token in parts[0]]
    if len(parts) == 1 and len(first) > 2 and first[1] in ("=", ":") and ".." in first:
        dots = first.index("..")
        return first[0], (parts[0][2:dots], parts[0][dots + 1 :])
    if len(first) == 1 and is_name(first[0]) and len(parts) in (1, 3):
        return first[0], (parts[1], parts[2]) if len(parts) == 3 else None
    place = parts[0][0].place if parts[0] else 0
    raise InfixError("after the integrand only its variable may stand, alone or with two limits: `(x, 0, 1)`", place)


def _bounds(tokens: list[Token]) -> tuple[list[Token], tuple[list[Token], list[Token]] | None]:
    """The tokens after the limits of an integral sign, `_0^1` in either order, and the limits."""
    found: dict[str, list[Token]] = {}
    while len(tokens) > 1 and tokens[0].text in ("_", "^", "**") and tokens[0].text not in found:
        sign = tokens[0].text
        if tokens[1].text in OPEN:
            stop = closing(tokens, 1) + 1
            found[sign] = tokens[2 : stop - 1]
        else:
            stop = 3 if tokens[1].text in ("-", "+") else 2
            found[sign] = tokens[1:stop]
            if tokens[1].kind == "command" and tokens[1].text == "\\frac":
                stop = closing(tokens, closing(tokens, 2) + 1) + 1
                found[sign] = tokens[1:stop]
        tokens = tokens[stop:]
    if not found:
        return tokens, None
    if len(found) == 1:
        raise InfixError("the integral has one limit; it needs both or none", tokens[0].place if tokens else 0)
    upper = found.get("^") or found.get("**")
    return tokens, (found["_"], upper)


def _phrases(tokens: list[Token]) -> tuple[list[Token], str | None, tuple[list[Token], list[Token]] | None]:
    """Without `with respect to x`, `from 0 to 1`, `between 0 and 1` at the end."""
    variable, bounds = None, None
    words = [token.text for token in tokens]
    for phrase in (["with", "respect", "to"], ["w", ".", "r", ".", "t", "."], ["wrt"], ["for"]):
        for start in range(len(words) - len(phrase)):
            if words[start : start + len(phrase)] == phrase:
                rest = tokens[start + len(phrase) :]
                if rest and is_name(rest[0].text):
                    variable = rest[0].text
                    tokens = tokens[:start] + rest[1:]
                    words = [token.text for token in tokens]
                    break
    for opening, between in (("from", "to"), ("between", "and"), ("on", ","), ("over", ",")):
        if opening not in words:
            continue
        start = words.index(opening)
        rest = tokens[start + 1 :]
        if between == ",":
            if not (rest and rest[0].text == "[" and closing(rest, 0) == len(rest) - 1):
                continue
            rest = rest[1:-1]
        parts = split_at(rest, {between})
        if len(parts) != 2 or not all(parts):
            raise InfixError(f"after `{opening}` two limits were expected, as in `from 0 to 1`", tokens[start].place)
        ends = []
        for part in parts:
            if len(part) > 2 and is_name(part[0].text) and part[1].text == "=":
                variable, part = part[0].text, part[2:]
            ends.append(part)
        if variable is None and is_name(ends[1][-1].text) and ends[1][-1].text.startswith("d"):
            ends[1] = ends[1][:-1]
        bounds = ends[0], ends[1]
        tokens = tokens[:start]
        if tokens and tokens[-1].text == "for":
            tokens = tokens[:-1]
        break
    return tokens, variable, bounds


def _differential(tokens: list[Token], variable: str | None) -> tuple[list[Token], str | None]:
    """Without `dx`: at the end, or as a factor 1 within, as in `dx/x`. Returns the variable that it names."""
    found: list[tuple[int, str]] = []
    for index, token in enumerate(tokens):
        if token.kind == "word" and len(token.text) > 1 and token.text[0] == "d" and is_name(token.text[1:]):
            if len(token.text) == 2 or "_" in token.text:
                found.append((index, token.text[1:]))
        elif index == len(tokens) - 1 and token.kind == "word" and len(token.text) > 2 and token.text[-2] == "d":
            rest, name = token.text[:-2], token.text[-1]  # xdx
            if _function(token.text) is None and (rest == name or is_name(rest) or pieces_of(rest, name)):
                tokens = [*tokens[:index], token._replace(text=rest), token._replace(text=f"d{name}", glued=True)]
                found.append((index + 1, name))
    if not found:
        return tokens, None
    if len(found) > 1:
        if len({name for _, name in found}) > 1:
            raise InfixError("integrals are in one variable; this is a double integral", tokens[found[1][0]].place)
        raise InfixError(f"`d{found[0][1]}` stands twice", tokens[found[1][0]].place)
    index, name = found[0]
    one = tokens[index]._replace(kind="number", text="1")
    before, after = tokens[:index], tokens[index + 1 :]
    starts = not before or before[-1].text in {*OPEN, "+", "-", "*", "/"}
    return [*before, *([one] if starts else []), *after], name


def _right_side(tokens: list[Token], text: str) -> tuple[list[Token], str | None]:
    """The integrand of `f(x) = x^2` or `y = x^2`, with the variable that it names."""
    if any(token.kind == "prime" or token.text in ("\\prime", "\\dot", "\\ddot", "Derivative") for token in tokens):
        raise InfixError(
            "this is a differential equation: ask `dsolve` for it",
            next(token.place for token in tokens if token.kind == "prime" or token.text.startswith(("\\", "D"))),
        )
    sides = split_at(tokens, {"=", "==", ":="})
    if len(sides) == 1:
        return tokens, None
    left = [token.text for token in sides[0]]
    if len(sides) == 2 and left and is_name(left[0]):
        if len(left) == 1:
            return sides[1], None
        if len(left) == 4 and left[1] in OPEN and is_name(left[2]) and left[3] in CLOSE:
            return sides[1], left[2]
    raise InfixError(f"an integrand is an expression; `{' '.join(text.split())}` is an equation", tokens[0].place)


def _chosen_variable(tokens: list[Token]) -> str:
    """The variable of an integrand that names none: x, else a usual letter, else its only one.

    Raises:
        InfixError: several letters could be it.
    """
    single = dict.fromkeys(
        token.text
        for token in tokens
        if token.kind == "word" and is_name(token.text) and token.text not in ("e", "E", "i", "I", "π", "pi")
    )
    words = [
        token.text
        for token in tokens
        if token.kind == "word" and not is_name(token.text) and _function(token.text) is None
    ]
    if len(single) == 1 and not any("x" in word for word in words):
        (only,) = single
        if not (any("t" in word for word in words) and only not in _VARIABLES.split()):
            return only
    for name in _VARIABLES.split():
        if name in single or any(_ends_word(name, word, tokens) for word in words):
            return name
    if len(single) == 1:
        return next(iter(single))
    if not single:
        return "x"
    names = " and ".join(f"`{name}`" for name in single)
    raise InfixError(f"{names} could be the variable: write which, for example `d{next(iter(single))}` at the end", 0)


def _ends_word(name: str, word: str, tokens: list[Token]) -> bool:
    if name not in word:
        return False
    powers = [after.text for token, after in itertools.pairwise(tokens) if token.text == word]
    pieces = pieces_of(word, name, None, "^" in powers)
    return pieces is not None and name in pieces
