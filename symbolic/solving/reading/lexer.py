"""Plain text to tokens, and LaTeX's layout away: what is left are numbers, words, primes, a few commands and signs."""

import re
from typing import NamedTuple

from symbolic.expressions.infix import InfixError
from symbolic.solving.reading.characters import plain
from symbolic.solving.reading.names import FOREIGN, FUNCTIONS, GREEK, OUT_OF_SCOPE, WRITTEN_OUT


class Token(NamedTuple):
    """A piece of a text.

    Attributes:
        kind: "number", "word", "prime" (one or several), "command" (LaTeX's, with its backslash) or "sign"; later also
            "unknown", the unknown function or a derivative of it.
        text: its characters; the name of an unknown function.
        place: where it begins in the text as it was typed.
        glued: whether nothing stands between it and the token before it.
        order: of the derivative, for kind "unknown".
    """

    kind: str
    text: str
    place: int
    glued: bool = False
    order: int = 0


OPEN, CLOSE = {"(": ")", "[": "]", "{": "}"}, set(")]}")

_TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+(?![\w.]))?)"
    r"|(?P<word>[^\W\d_]+)"
    r"|(?P<prime>'+)"
    r"|(?P<command>\\(?:[A-Za-z]+\*?|.))"
    r"|(?P<sign>\*\*|==|:=|\.\.+|\S)",
    re.DOTALL,
)
_MODULES = set("np numpy math cmath sympy sp sy jnp jax torch tf scipy mpmath mp Math".split())
_DROPPED = set(
    r"left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr displaystyle textstyle limits nolimits quad qquad"
    r" nonumber allowbreak , ; : ! > ( ) [ ] mathstrut thinspace medspace thickspace enspace hspace vphantom"
    r" middle".split()
) | {" ", "\\", "&", "~"}
_FONTS = set(
    "mathrm text operatorname operatorname* mathit mathbf mathsf textrm textit mathop rm bf it mbox boxed".split()
)
_SIGNS = {
    **dict.fromkeys(("cdot", "times", "ast", "bullet"), "*"),
    "div": "/",
    **dict.fromkeys(("lvert", "rvert", "vert", "mid", "|"), "|"),
    **dict.fromkeys(("lbrace", "{"), "("),
    **dict.fromkeys(("rbrace", "}"), ")"),
    **dict.fromkeys(("lbrack", "lparen"), "("),
    **dict.fromkeys(("rbrack", "rparen"), ")"),
    **dict.fromkeys(("ldots", "dots"), ".."),
    "%": "%",
    "$": "$",
}
_FRACTIONS = {"frac", "dfrac", "tfrac", "cfrac"}
_KEPT = {"int", "sqrt", "dot", "ddot", "dddot", "prime", "infty"} | set(OUT_OF_SCOPE)
NAMED = {*FUNCTIONS, *WRITTEN_OUT, *FOREIGN}  # words that are functions
_WRAPPERS = (("$$", "$$"), ("$", "$"), ("`", "`"), ('"', '"'), (r"\(", r"\)"), (r"\[", r"\]"))


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text in any notation that is known here.

    Raises:
        InfixError: a command of LaTeX is unknown, or a bracket is missing.
    """
    inner, before = _unwrapped(text)
    characters, places = plain(inner)
    tokens: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(characters):
        glued = match.start() == end
        end = match.end()
        tokens.append(Token(match.lastgroup, match[0], places[match.start()] + before, glued))
    return _with_greek_letters(_with_subscripts(_without_layout(_without_modules(tokens), text)))


def _unwrapped(text: str) -> tuple[str, int]:
    """The text without quotes or dollars around it, and how many characters were taken from its beginning."""
    inner = text.strip()
    for opening, closing in _WRAPPERS:
        if inner.startswith(opening) and inner.endswith(closing) and len(inner) > len(opening) + len(closing):
            inner = inner[len(opening) : -len(closing)].strip()
    return inner, text.find(inner)


def closing(tokens: list[Token], start: int) -> int:
    """The index of the bracket that closes the one at `start`.

    Raises:
        InfixError: there is none.
    """
    depth = 0
    for index in range(start, len(tokens)):
        depth += (tokens[index].text in OPEN) - (tokens[index].text in CLOSE)
        if depth == 0:
            return index
    raise InfixError(f"`{tokens[start].text}` is never closed", tokens[start].place)


def split_at(tokens: list[Token], separators: set[str]) -> list[list[Token]]:
    """The parts between signs or words that stand outside of brackets."""
    parts, depth = [[]], 0
    for token in tokens:
        depth += (token.text in OPEN) - (token.text in CLOSE)
        if depth == 0 and token.text in separators and token.kind in ("sign", "word"):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _without_modules(tokens: list[Token]) -> list[Token]:
    """`np.sin` is sin."""
    kept, skip = [], 0
    for index, token in enumerate(tokens):
        if skip:
            skip -= 1
        elif token.text in _MODULES and [each.text for each in tokens[index + 1 : index + 2]] == ["."]:
            skip = 1
        else:
            kept.append(token)
    return kept


def _without_layout(tokens: list[Token], text: str) -> list[Token]:
    """Commands that only arrange are left out; names, signs and fractions become plain tokens."""
    result: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        index += 1
        if token.kind != "command":
            if token.text not in "$&":
                result.append(token)
            continue
        name = token.text[1:]
        if name in _DROPPED:
            if index < len(tokens):
                tokens[index] = tokens[index]._replace(glued=False)
                if name in ("left", "right", "middle") and tokens[index].text == ".":
                    index += 1
        elif name in _FONTS:
            if index < len(tokens) and tokens[index].text == "{":
                stop = closing(tokens, index)
                inner = _without_layout(tokens[index + 1 : stop], text)
                if len(inner) > 1 and all(each.kind == "word" for each in inner) and "operatorname" in name:
                    inner = [inner[0]._replace(text="".join(each.text for each in inner))]
                if [each.text for each in inner] == ["d"] and stop + 1 < len(tokens):  # an upright d
                    after = tokens[stop + 1]
                    spaced = after.text in ("\\,", "\\!") and stop + 2 < len(tokens)
                    stop, after = (stop + 1, tokens[stop + 2]) if spaced else (stop, after)
                    if after.kind == "word":
                        tokens[stop + 1] = after._replace(text=f"d{after.text}", place=token.place)
                        inner = []
                result += inner
                index = stop + 1
        elif name in _FRACTIONS:
            arguments, index = _arguments(tokens, index, 2)
            result.append(Token("command", "\\frac", token.place))
            result += _without_layout(arguments, text)
        elif name == "sqrt":
            result.append(Token("command", "\\sqrt", token.place))
            if index < len(tokens) and tokens[index].text == "[":
                stop = closing(tokens, index)
                result += _without_layout(tokens[index : stop + 1], text)
                index = stop + 1
            arguments, index = _arguments(tokens, index, 1)
            result += _without_layout(arguments, text)
        elif name in _SIGNS:
            result.append(Token("sign", _SIGNS[name], token.place, token.glued))
        elif name in GREEK:
            result.append(Token("word", GREEK[name], token.place, token.glued))
        elif name in _KEPT:
            result.append(token)
        elif name in NAMED:
            result.append(Token("word", name, token.place, token.glued))
        else:
            raise InfixError(f"the command `{token.text}` is not known here", token.place, text)
    return result


def _arguments(tokens: list[Token], index: int, count: int) -> tuple[list[Token], int]:
    """The arguments of a command, each in braces, and the index after them: `\\frac12` has 1 and 2."""
    arguments: list[Token] = []
    for _ in range(count):
        while index < len(tokens) and tokens[index].kind == "command" and tokens[index].text[1:] in _DROPPED:
            index += 1
        if index == len(tokens):
            raise InfixError("the text ends where a part of a fraction or root was expected", len(tokens))
        token = tokens[index]
        if token.text in OPEN:
            stop = closing(tokens, index)
            inner = tokens[index + 1 : stop]
            index = stop + 1
        elif token.kind in ("number", "word") and len(token.text) > 1:
            inner = [token._replace(text=token.text[0])]
            tokens[index] = token._replace(text=token.text[1:], place=token.place + 1)
        else:
            inner, index = [token], index + 1
        arguments += [Token("sign", "{", token.place), *inner, Token("sign", "}", token.place)]
    return arguments, index


def _with_subscripts(tokens: list[Token]) -> list[Token]:
    """Names with their subscripts: `T_a`, `x_{0}` and `C1` are one word each; `log_2` keeps its base apart."""
    result: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        index += 1
        is_name = token.kind == "word" and token.text not in NAMED and token.text.lower() not in NAMED
        if is_name and len(token.text) == 1:
            after = tokens[index] if index < len(tokens) else None
            if after and after.kind == "number" and after.glued and after.text.isdecimal():
                token, index = token._replace(text=token.text + after.text), index + 1
            elif after and after.text == "_" and index + 1 < len(tokens):
                stop = closing(tokens, index + 1) if tokens[index + 1].text in OPEN else index + 1
                label = "".join(each.text for each in tokens[index + 1 : stop + 1]).strip("{}()[]")
                token, index = token._replace(text=f"{token.text}_{label}"), stop + 1
        elif token.kind == "word" and index < len(tokens) and tokens[index].kind == "number" and tokens[index].glued:
            if token.text + tokens[index].text in {*WRITTEN_OUT, *FOREIGN}:  # log10, atan2
                token, index = token._replace(text=token.text + tokens[index].text), index + 1
                if token.text == "log1" and index < len(tokens) and tokens[index].text == "p":
                    token, index = token._replace(text="log1p"), index + 1
        result.append(token)
    return result


def _with_greek_letters(tokens: list[Token]) -> list[Token]:
    """`theta` is θ; gamma(x) stays the function."""
    return [
        token._replace(text=GREEK[token.text])
        if token.kind == "word" and token.text in GREEK and not (token.text in FOREIGN and after.text in OPEN)
        else token
        for token, after in zip(tokens, [*tokens[1:], Token("sign", "", 0)], strict=False)
    ]
