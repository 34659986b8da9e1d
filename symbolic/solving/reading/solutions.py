"""Answers as people, systems and models write them: `x^2 + C`, `y = C1 e^x`, `Eq(y(x), C1*exp(x))`, `\\boxed{…}`.

Letters that the question does not hold are constants of integration, whatever they are called.
"""

import re

from symbolic.expressions.infix import InfixError
from symbolic.expressions.prefix import Tree
from symbolic.expressions.tokens import spellings
from symbolic.solving.question import Names
from symbolic.solving.reading.integrals import check_scope
from symbolic.solving.reading.lexer import CLOSE, OPEN, Token, closing, split_at, tokens_of
from symbolic.solving.reading.writer import COEFFICIENTS, Writer, is_name

# What may follow an answer: what its constants are.
_AFTERWARDS = re.compile(
    r"(?:[,;.]\s*|\s+|\()(?:where|for (?:any|all|some|every|arbitrary)|with (?:an? )?(?:arbitrary|C|c|constant)"
    r"|\\text\{|\\quad|[A-Za-z]_?\{?\d?\}?\s*(?:∈|\\in\b)).*$",
    re.DOTALL,
)
_LATER = spellings("coefficient")[8:]  # a8 and a9: the constants of integration in the data


def read_answer(text: str, names: Names, is_value: bool = False) -> Tree:
    """The tree of an answer to a question: in x, the question's letters, and a8, a9, … for constants of integration.

    Args:
        names: what the question calls things.
        is_value: whether it is the value of a definite integral; then it holds no letters of its own.

    Raises:
        InfixError: it is no answer that can be read, such as an implicit one; the message names what it is.
    """
    try:
        tokens = tokens_of(_AFTERWARDS.sub("", text))
        check_scope(tokens)
        tokens = _right_side(_without_wrapping(tokens), names)
        if any(token.kind == "prime" or token.text == "\\int" for token in tokens):
            raise InfixError("an answer holds no derivative and no integral", tokens[0].place)
        if is_value:
            tokens = [token for token in tokens if token.text not in ("≈", "~")]
        writer = Writer(text, names.variable, names.unknown, names.constants)
        known = len(names.constants)
        writer.coefficients = (*COEFFICIENTS[:known], *_LATER, *COEFFICIENTS[known:])
        tree = writer.tree(tokens)
        if len(writer.constants) > known and is_value:
            new = ", ".join(f"`{name}`" for name in writer.constants[known:])
            raise InfixError(f"the value of the integral holds {new}, which the integral does not", tokens[0].place)
    except InfixError as error:
        raise error if error.text else InfixError(error.reason, error.position, text) from None
    return tree


def _without_wrapping(tokens: list[Token]) -> list[Token]:
    while tokens and tokens[-1].text in (".", ",", ";", "?"):
        tokens = tokens[:-1]
    if tokens and tokens[0].text.lower() in ("answer", "solution") and len(tokens) > 1:
        tokens = tokens[2:] if tokens[1].text == ":" else tokens[1:]
    if len(tokens) > 1 and tokens[0].text in ("Eq", "Equality") and closing(tokens, 1) == len(tokens) - 1:
        sides = split_at(tokens[2:-1], {","})
        if len(sides) == 2:
            return [*sides[0], Token("sign", "=", tokens[0].place), *sides[1]]
    return tokens


def _right_side(tokens: list[Token], names: Names) -> list[Token]:
    """What stands on the other side of `y =`, `y(x) =`, `F(x) =` or of the integral itself."""
    parts = split_at(tokens, {",", ";"})
    tokens = parts[0]
    if any(any(token.text == "=" for token in part) for part in parts[1:]) or any(each.text == "or" for each in tokens):
        raise InfixError("these are several answers; one at a time is judged", tokens[0].place if tokens else 0)
    sides = split_at(tokens, {"=", "==", ":="})
    sides = [side for side in sides if side]
    if not sides:
        raise InfixError("the text ends where an answer was expected", 0)
    if len(sides) == 1:
        return sides[0]
    if _names_answer(sides[0], names) or any(token.text == "\\int" for token in sides[0]):
        if len(sides) == 2:
            return sides[1]
        raise InfixError("an answer has one `=` at most", sides[2][0].place)
    if len(sides) == 2 and _names_answer(sides[1], names):
        return sides[0]
    raise InfixError(f"this is an implicit solution: solve it for `{names.unknown}`", sides[0][0].place)


def _names_answer(side: list[Token], names: Names) -> bool:
    """Whether a side is only a name, `y` or `y(x)`, and not the variable or a letter of the question."""
    if not side or side[0].kind != "word" or not is_name(side[0].text):
        return False
    if side[0].text == names.variable or side[0].text in names.constants:
        return False
    inner = [token.text for token in side[1:]]
    return not inner or (len(inner) == 3 and inner[0] in OPEN and inner[1] == names.variable and inner[2] in CLOSE)
