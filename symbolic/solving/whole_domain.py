"""Answers written so that they are real on more of the line: ln|u| for ln(u), powers of |u| for those of u.

ln(x) is a primitive of 1/x for x > 0, ln|x| for all x but 0; 2/5*x^(5/2) is one of x*sqrt(|x|) for x > 0, 2/5*|x|^(5/2)
for all x. What these functions return must be judged, with its domain.
"""

import itertools
from collections.abc import Callable, Iterator

from symbolic.expressions.prefix import Tree, fold, from_prefix, prefix_text, to_prefix

_MOST_POWERS = 3  # different powers whose sign is tried both ways
_MOST_FORMS = 24
_TWO = Tree(2)
_HALF = Tree("div", (Tree(1), _TWO))


def whole_domain_forms(answer: str) -> list[str]:
    """Forms of an answer that may be real where it is not; not judged, the most likely first.

    Args:
        answer: y(x) as prefix text.

    Returns:
        Prefix texts: with ln|u|, with |u|^r or sign(u) |u|^r for powers u^r and roots, with logarithms for atanh and
        acosh; and these times sign(u), since ln(u) sign(u) is a primitive of |u'/u|.

    Raises:
        PrefixError: the answer is malformed.
    """
    tree = from_prefix(answer)
    found = dict.fromkeys(itertools.islice(map(prefix_text, _forms(tree)), _MOST_FORMS))
    return [text for text in found if text != prefix_text(tree)]


def _forms(tree: Tree) -> Iterator[Tree]:
    powers = list(dict.fromkeys(_collected(tree, _is_root)))
    choices = list(itertools.product((False, True), repeat=min(len(powers), _MOST_POWERS)))
    forms = [
        _rewritten(tree, dict(zip(powers, signs, strict=False)), inner) for signs in choices for inner in (False, True)
    ]
    yield from forms
    arguments = list(dict.fromkeys(each.operands[0] for each in _collected(tree, _is_logarithm) + powers))
    for form, u in itertools.product(forms, arguments):
        if "x" in to_prefix(u):
            yield Tree("mul", (Tree("sign", (u,)), form))


def _rewritten(tree: Tree, with_sign: dict[Tree, bool], inner: bool) -> Tree:
    """The tree with logarithms of |u|, and powers of |u| times sign(u) where that is asked for.

    What stands within a logarithm is rewritten only if `inner`: ln|ln(x)| is enough for 1/(x*ln(x)).
    """

    def rewrite(head, operands: list[tuple[Tree, Tree]]) -> tuple[Tree, Tree]:
        """(as it was, rewritten)."""
        before = Tree(head, tuple(old for old, _ in operands))
        new = tuple(each for _, each in operands)
        if _is_root(before):
            power = Tree(head, (_absolute(new[0]), *new[1:]))
            return before, Tree("mul", (Tree("sign", (new[0],)), power)) if with_sign.get(before) else power
        if head in _LOGARITHMS:
            return before, _LOGARITHMS[head](new[0] if inner else before.operands[0])
        return before, Tree(head, new)

    return fold(tree, rewrite)[1]


def _absolute(u: Tree) -> Tree:
    return u if u.head in ("abs", "exp", "cosh") else Tree("abs", (u,))


def _ln(u: Tree) -> Tree:
    return Tree("ln", (_absolute(u),))


def _inverse_tanh(u: Tree) -> Tree:
    quotient = Tree("div", (Tree("add", (Tree(1), u)), Tree("sub", (Tree(1), u))))
    return Tree("mul", (_HALF, _ln(quotient)))


def _inverse_cosh(u: Tree) -> Tree:
    root = Tree("sqrt", (Tree("sub", (Tree("pow", (u, _TWO)), Tree(1))),))
    return _ln(Tree("add", (u, root)))


_LOGARITHMS: dict[str, Callable[[Tree], Tree]] = {
    "ln": _ln,
    "atanh": _inverse_tanh,
    "acoth": _inverse_tanh,  # they have the same derivative
    "acosh": _inverse_cosh,
}


def _collected(tree: Tree, is_wanted: Callable[[Tree], bool]) -> list[Tree]:
    """The parts of a tree that a function accepts, inner ones first."""
    found: list[Tree] = []

    def collect(head, operands: list[Tree]) -> Tree:
        part = Tree(head, tuple(operands))
        if is_wanted(part):
            found.append(part)
        return part

    fold(tree, collect)
    return found


def _is_logarithm(part: Tree) -> bool:
    return part.head in _LOGARITHMS and part.operands[0].head != "abs"


def _is_root(part: Tree) -> bool:
    """Whether a part is a root, or a power with a fraction for its exponent, of something that may be negative."""
    if part.head in ("sqrt", "rac"):
        return "x" in to_prefix(part.operands[0]) and part.operands[0].head != "abs"
    if part.head != "pow" or part.operands[0].head in ("abs", "exp"):
        return False
    exponent = part.operands[1]
    return "x" in to_prefix(part.operands[0]) and exponent.head == "div" and "x" not in to_prefix(exponent)
