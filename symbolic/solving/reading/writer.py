"""Tokens to a tree: every name to the one of the strict notation, then `from_infix` reads the whole.

Letters that are no variable are constants and become a0, a1, … in the order in which they occur. What could be read in
several ways is read in the usual one, and a note tells which.
"""

import difflib
import re
from collections.abc import Iterable
from fractions import Fraction

from symbolic.expressions.infix import InfixError, from_infix
from symbolic.expressions.prefix import Tree, fold
from symbolic.expressions.tokens import spellings
from symbolic.solving.reading.lexer import CLOSE, OPEN, Token, closing, split_at
from symbolic.solving.reading.names import BINARY, FOREIGN, FUNCTIONS, GREEK, WRITTEN_OUT

COEFFICIENTS = tuple(spellings("coefficient")[:8])  # a8 and a9 are constants of solutions
MAX_WORD = 24  # letters of a word that is tried as names run together

_NUMBERS = {"e": "E", "E": "E", "π": "pi", "pi": "pi", "Pi": "pi", "i": "I", "I": "I"}
_SPLIT_NAMES = sorted({name for name in {*FUNCTIONS, *WRITTEN_OUT} if name.isalpha()}, key=len, reverse=True)
_INVERSES = {name: f"a{name}" for name in FUNCTIONS.values() if f"a{name}" in FUNCTIONS}

_Fragments = list[tuple[str, int]]  # texts with their places


class Writer:
    """Translates the tokens of one text, and collects the constants and the notes of all its parts."""

    def __init__(self, text: str, variable: str, unknown: str | None = None, constants: Iterable[str] = ()):
        self.text, self.variable, self.unknown = text, variable, unknown
        self.constants = list(constants)
        self.coefficients = COEFFICIENTS
        self.notes: list[str] = []

    def tree(self, tokens: list[Token]) -> Tree:
        """The tree of an expression or equation.

        Raises:
            InfixError: the tokens are none, or hold something that is not known here.
        """
        tokens = split_words(tokens, self.variable, self.unknown, self._note_split)
        fragments = self._fragments(tokens)
        strict = " ".join(fragment for fragment, _ in fragments)
        try:
            return fold(from_infix(strict), _with_exp)
        except InfixError as error:
            start = 0
            place = len(self.text)
            for fragment, fragment_place in fragments:
                if start <= error.position < start + len(fragment) + 1:
                    place = fragment_place
                    break
                start += len(fragment) + 1
            raise self._error(self._in_words(error.reason), place) from None

    def _error(self, reason: str, place: int) -> InfixError:
        return InfixError(reason, place, self.text)

    def _in_words(self, reason: str) -> str:
        """An error of the strict reader with the names of the text in place of tokens."""
        back = dict(zip(self.coefficients, self.constants, strict=False)) | {"x": self.variable, "E": "e", "I": "i"}
        unknown = self.unknown or "y"
        back |= {"Y": unknown, "Y'": f"{unknown}'", "Y''": f"{unknown}''"}
        return re.sub(r"`([^`]+)`", lambda match: f"`{back.get(match[1], match[1])}`", reason)

    def note(self, written: str, read: str) -> None:
        """Remember how a part of the text was read."""
        note = f"`{written}` is read as `{read}`"
        if note not in self.notes:
            self.notes.append(note)

    def _note_split(self, word: str, pieces: list[str]) -> None:
        if word[0] == "a" and pieces[0] in _INVERSES.values() and pieces[0][1:] in FUNCTIONS:
            self.note(word, " ".join(pieces))

    # --- fragments ---

    def _fragments(self, tokens: list[Token]) -> _Fragments:
        result: _Fragments = []
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.kind == "number":
                result.append((self._number(token), token.place))
                self._note_fraction(tokens, index)
                index += 1
            elif token.kind == "unknown":
                result.append(("Y" + "'" * token.order, token.place))
                index = self._after_unknown(tokens, index + 1, result)
            elif token.kind == "word":
                index = self._word(tokens, index, result)
            elif token.kind == "prime":
                raise self._error("a derivative is written only of the unknown function", token.place)
            elif token.text == "!":
                raise self._error("the factorial is not among the functions that are known here", token.place)
            elif token.text == "\\infty":
                raise self._error("infinity is no number", token.place)
            else:
                result.append((token.text, token.place))
                index += 1
        return result

    def _number(self, token: Token) -> str:
        text = token.text
        if "e" not in text.lower():
            return text.rstrip(".") if text != "." else text
        mantissa, exponent = re.split("[eE]", text)
        if abs(int(exponent)) > 300:
            raise self._error("a number in scientific notation has an exponent of at most 300", token.place)
        value = Fraction(mantissa.rstrip(".")) * Fraction(10) ** int(exponent)
        read = f"{mantissa}*10^{int(exponent)}"
        self.note(text, read)
        return f"({value.numerator}/{value.denominator})" if value.denominator > 1 else str(value.numerator)

    def _note_fraction(self, tokens: list[Token], index: int) -> None:
        """Of `1/2x`, which is half of x to this reader and 1/(2x) to others."""
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if index and tokens[index - 1].text == "/" and after and after.glued and after.kind in ("word", "unknown"):
            before = tokens[index - 2].text if index > 1 else ""
            before = before if before.isalnum() else ""
            number = tokens[index].text
            self.note(f"{before}/{number}{after.text}", f"({before or '...'}/{number})*{after.text}")

    def _after_unknown(self, tokens: list[Token], index: int, result: _Fragments) -> int:
        """Goes over the argument of y(x). In `y(1-y)` the bracket is a factor."""
        if index == len(tokens) or tokens[index].text not in OPEN:
            return index
        stop = closing(tokens, index)
        inner = [token.text for token in tokens[index + 1 : stop] if token.text not in {*OPEN, *CLOSE}]
        if inner == [self.variable]:
            return stop + 1
        if self.unknown in inner or self.variable in inner:
            if self.unknown not in inner:
                written = "".join(inner)
                self.note(f"{self.unknown}({written})", f"{self.unknown}*({written})")
            result.append(("*", tokens[index].place))
            return index
        raise self._error(
            f"`{self.unknown}` is a function of `{self.variable}`: a value such as `{self.unknown}(0)` may stand only "
            "in a condition, as `y(0) = 1` after a comma",
            tokens[index].place,
        )

    def _word(self, tokens: list[Token], index: int, result: _Fragments) -> int:
        """Adds what stands for the word at `index`, with its argument where that is needed; returns what comes next."""
        token = tokens[index]
        word = token.text
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if word == self.variable:
            result.append(("x", token.place))
        elif word in ("e", "E"):
            return self._power_of_e(tokens, index, result)
        elif word == self.unknown:
            result.append(("Y", token.place))
            return self._after_unknown(tokens, index + 1, result)
        elif word in _NUMBERS:
            result.append((_NUMBERS[word], token.place))
        elif (function := _function(word)) is not None and not (len(word) == 1 and after not in OPEN):
            return self._function(function, tokens, index, result)
        elif word in BINARY and after in OPEN:
            result.append((BINARY[word], token.place))
        elif is_name(word):
            if word in ("f", "g", "h", "F", "G") and _holds_only(tokens, index + 1, self.variable):
                shown = f"{word}({self.variable})"
                raise self._error(f"`{shown}` is a function without a formula: write what it is", token.place)
            result.append((self._constant(word, token.place), token.place))
        else:
            raise self._error(_unknown_word(word, self.variable), token.place)
        return index + 1

    def _constant(self, name: str, place: int) -> str:
        name = GREEK.get(name, name)
        if re.fullmatch(rf"{re.escape(self.variable)}\d+", name):
            raise self._error(
                f"unknown name `{name}`; did you mean `{self.variable}^{name[len(self.variable) :]}`?", place
            )
        if name not in self.constants:
            if len(self.constants) == len(self.coefficients):
                raise self._error(f"at most {len(self.coefficients)} letters can be constants", place)
            self.constants.append(name)
        return self.coefficients[self.constants.index(name)]

    def _power_of_e(self, tokens: list[Token], index: int, result: _Fragments) -> int:
        """e, and after it the exponent of `e^-2x`: all that is run together with its number."""
        result.append(("E", tokens[index].place))
        if index + 2 >= len(tokens) or tokens[index + 1].text not in ("^", "**"):
            return index + 1
        start = stop = index + 2
        while stop < len(tokens) and tokens[stop].text in ("-", "+"):
            stop += 1
        first = stop
        while (
            stop < len(tokens)
            and (stop == first or tokens[stop].glued)
            and self._is_factor(tokens[stop], stop == first)
        ):
            stop += 1
            if stop + 1 < len(tokens) and tokens[stop].text in ("^", "**") and tokens[stop + 1].kind == "number":
                stop += 2
        if stop - first < 2 or all(
            token.text in ("^", "**") or token.kind == "number" for token in tokens[first + 1 : stop]
        ):
            return index + 1
        inner = self._fragments(tokens[start:stop])
        place = tokens[start].place
        written = "".join(token.text for token in tokens[start:stop])
        factors = re.sub(r"(?<=[^-+^*])(?=[^\W\d])", "*", written)
        if len([token for token in tokens[first:stop] if token.kind != "sign"]) > 1:
            self.note(f"e^{written}", f"e^({factors})")
        result += [("^", place), ("(", place), *inner, (")", place)]
        return stop

    def _is_factor(self, token: Token, is_first: bool) -> bool:
        if token.kind == "number":
            return is_first
        return token.kind == "word" and _function(token.text) is None

    def _function(self, name: str, tokens: list[Token], index: int, result: _Fragments) -> int:
        token = tokens[index]
        word, place = token.text, token.place
        index += 1
        if name in FOREIGN:
            known = "elementary functions: powers, exp, ln, trigonometric and hyperbolic functions and their inverses"
            raise self._error(f"{FOREIGN[name]} is not among the functions that are known here ({known})", place)
        if name == "ln" and index < len(tokens) and tokens[index].text == "_":
            return self._logarithm(tokens, index + 1, place, result)
        if word == "log" and index < len(tokens) and tokens[index].text in OPEN:
            stop = closing(tokens, index)
            parts = split_at(tokens[index + 1 : stop], {","})
            if len(parts) == 2:
                of, base = map(self._fragments, parts)
                result += [("(ln(", place), *of, (")/ln(", place), *base, ("))", place)]
                return stop + 1
        if name in WRITTEN_OUT:
            start, stop, end = _argument(tokens, index)
            if start == stop:
                raise self._error(f"`{word}` needs an argument", place)
            before, _, behind = WRITTEN_OUT[name].partition("{}")
            result += [(before, place), *self._fragments(tokens[start:stop]), (behind, place)]
            if word == "lg":
                self.note("lg", "the logarithm to base 10")
            return end
        texts = [each.text for each in tokens[index : index + 5]]
        length = 3 if texts[:3] == ["^", "-", "1"] else 5 if _is_minus_1(texts) else 0
        if length and name in _INVERSES:
            self.note(f"{word}^-1", f"{_INVERSES[name]}, the inverse function")
            name, index = _INVERSES[name], index + length
        if texts[:1] == ["^"] and not length and texts[1:2] and texts[1] in OPEN:
            close = closing(tokens, index + 1)
            if any(token.kind != "number" for token in tokens[index + 2 : close]):  # sin^{3/4}(x), as SymPy writes it
                exponent = self._fragments(tokens[index + 1 : close + 1])
                if any(token.text == "-" for token in tokens[index + 2 : close]):
                    raise self._error(f"write a negative power of `{word}` as a fraction", place)
                start, stop, end = _argument(tokens, close + 1)
                inner = self._fragments(tokens[start:stop])
                result += [("(", place), (name, place), ("(", place), *inner, ("))", place), ("^", place), *exponent]
                return end
        result.append((name, place))
        return index

    def _logarithm(self, tokens: list[Token], index: int, place: int, result: _Fragments) -> int:
        """log_b u: the base at `index`, then the argument."""
        stop = closing(tokens, index) + 1 if tokens[index].text in OPEN else index + 1
        base = self._fragments(tokens[index:stop])
        start, stop, end = _argument(tokens, stop)
        if start == stop:
            raise self._error("a logarithm needs an argument", place)
        result += [("(ln(", place), *self._fragments(tokens[start:stop]), (")/ln(", place), *base, ("))", place)]
        return end


def _with_exp(head: str | int, operands: list[Tree]) -> Tree:
    """e^u as exp(u), as the data sets spell it."""
    if head == "pow" and operands[0] == Tree("E"):
        return Tree("exp", (operands[1],))
    return Tree(head, tuple(operands))


def _is_minus_1(texts: list[str]) -> bool:
    return len(texts) == 5 and texts[0] == "^" and texts[1] in OPEN and texts[2:4] == ["-", "1"] and texts[4] in CLOSE


def _argument(tokens: list[Token], index: int) -> tuple[int, int, int]:
    """Where the argument of a function at `index` begins and ends, and the index after it."""
    if index < len(tokens) and tokens[index].text in OPEN:
        stop = closing(tokens, index)
        return index + 1, stop, stop + 1
    stop = index
    while stop < len(tokens):
        token = tokens[stop]
        if token.kind == "word" and _function(token.text) is not None:
            break
        if token.kind in ("number", "word", "unknown"):
            stop += 1
        elif token.text in ("^", "**") and stop > index and stop + 1 < len(tokens):
            stop = closing(tokens, stop + 1) + 1 if tokens[stop + 1].text in OPEN else stop + 2
        elif token.text == "\\sqrt" or token.text == "\\frac":
            stop = closing(tokens, stop + 1) + 1
            if token.text == "\\frac":
                stop = closing(tokens, stop) + 1
        else:
            break
    return index, stop, stop


def _holds_only(tokens: list[Token], index: int, name: str) -> bool:
    inside = [token.text for token in tokens[index : index + 3]]
    return len(inside) == 3 and inside[0] in OPEN and inside[1] == name and inside[2] in CLOSE


# --- words ------------------------------------------------------------------------------------------------------------


def is_name(word: str) -> bool:
    """Whether a word may name a variable, an unknown function or a constant: a letter, maybe with a subscript."""
    return bool(re.fullmatch(r"[^\W\d_](\d+|_\w+)?", word)) or word in GREEK


def _function(word: str) -> str | None:
    """The function that a word is, whatever its case: a token, or a name of WRITTEN_OUT or FOREIGN."""
    for form in (word, word.lower()):
        if form in FUNCTIONS and (form == word or len(word) > 1):
            return FUNCTIONS[form]
        if form in WRITTEN_OUT or (form in FOREIGN and (form == word or len(word) > 2)):
            return form
    return None


def split_words(tokens: list[Token], variable: str, unknown: str | None = None, split=None) -> list[Token]:
    """The tokens with words that are names run together taken apart: `xsinx` is x, sin, x.

    Args:
        split: called with each such word and its pieces.
    """
    result = []
    for index, token in enumerate(tokens):
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.kind != "word" or token.text in (variable, unknown, *_NUMBERS) or is_name(token.text):
            result.append(token)
            continue
        if _function(token.text) is not None or token.text in BINARY:
            result.append(token)
            continue
        pieces = pieces_of(token.text, variable, unknown, after in ("^", "**"))
        if pieces is None:
            result.append(token)
            continue
        if split is not None:
            split(token.text, pieces)
        place = token.place
        for number, piece in enumerate(pieces):
            glued = token.glued if number == 0 else True
            result.append(Token("word", piece, place, glued))
            place += len(piece)
    return result


def pieces_of(word: str, variable: str, unknown: str | None = None, before_power: bool = False) -> list[str] | None:
    """A word as known names run together: with the fewest constants, then the fewest names. None if it is not made so.

    It must hold a function, the variable, the unknown function, or e before a power. Few letters may be constants.
    """
    if len(word) > MAX_WORD:
        return None
    best: dict[int, tuple[int, int, list[str]]] = {0: (0, 0, [])}  # characters read -> constants, pieces, the pieces
    for start in range(len(word)):
        if start not in best:
            continue
        constants, count, pieces = best[start]
        options = [name for name in _SPLIT_NAMES if len(name) > 1 and word.startswith(name, start)]
        options += [name for name in ("pi", "π", variable, unknown) if name and word.startswith(name, start)]
        if word[start] == "e" and start == len(word) - 1 and before_power:
            options.append("e")
        options.append(word[start])
        for piece in options:
            is_constant = (
                len(piece) == 1
                and piece not in (variable, unknown, "π")
                and not (piece == "e" and before_power and start == len(word) - 1)
            )
            if is_constant and piece in ("e", "E"):
                continue
            rated = (constants + is_constant, count + 1, [*pieces, piece])
            stop = start + len(piece)
            if stop not in best or rated[:2] < best[stop][:2]:
                best[stop] = rated
    if len(word) not in best:
        return None
    constants, _, pieces = best[len(word)]
    has_function = any(len(piece) > 1 and piece != "pi" for piece in pieces)
    has_variable = any(piece in (variable, unknown, "e") for piece in pieces)
    if not has_function and (len(word) > 3 and "pi" not in pieces):
        return None
    if constants > (2 if has_function and has_variable else 1) or (constants and not has_variable):
        return None
    if has_function and len(pieces[-1]) > 1 and pieces[-1] != "pi" and constants:
        return None  # a function at the end, and letters before it that are no names: another word
    return pieces if has_function or has_variable else None


def _unknown_word(word: str, variable: str) -> str:
    """The error for a word that is not known, with what it may have meant; never another function of some length."""
    if near := difflib.get_close_matches(word.lower(), [name for name in FUNCTIONS if len(name) > 2], n=1, cutoff=0.75):
        return f"unknown name `{word}`; did you mean `{near[0]}`?"
    if word.isalpha() and len(word) <= 4:
        letters = " and ".join(f"`{letter}`" for letter in dict.fromkeys(word))
        return f"unknown name `{word}`; if {letters} are constants, write their product as `{'*'.join(word)}`"
    return f"unknown name `{word}`"
