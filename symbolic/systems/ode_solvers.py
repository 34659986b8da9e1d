"""How each computer algebra system is asked to solve an ordinary differential equation.

`OdeSolver(name, limit).solve(equation)` asks one of the systems of `sessions`. `dsolve` runs SymPy in the calling
process. Solutions are explicit, y(x), with free constants. Maxima and FriCAS are asked to solve an implicit solution,
F(x, y) = C, for y; Giac and SymPy do so by themselves. The answers are not checked here.
"""

import contextlib
import functools
import re
from collections.abc import Mapping
from typing import NamedTuple

from symbolic.expressions.prefix import Tree, to_prefix
from symbolic.expressions.tokens import spellings
from symbolic.runtime.names import unknown_name
from symbolic.systems.sessions import NoAnswer, Session, how_to_install, is_installed


class _Question(NamedTuple):
    """How a system is asked.

    Attributes:
        ask: a line with `{equation}`, a left-hand side, that prints BEGIN and the solutions as one line.
        unknown: how the system spells y and its derivatives.
        setup: lines that the system reads first.
        lacking: a line that prints BEGIN and the name of what is not installed, or nothing after BEGIN.
    """

    ask: str
    unknown: Mapping[str, str]
    setup: str = ""
    lacking: str = ""


_QUESTIONS = {
    "giac": _Question(
        '"BE"+"GIN"+string(desolve({equation}=0,x,y));',
        {"Y": "y(x)", "Y'": "diff(y(x),x)", "Y''": "diff(y(x),x,2)"},
    ),
    "maxima": _Question(
        # Maxima asks for signs and remembers a reply until the command ends. So each equation is solved twice if it
        # asks: once with every reply positive, once with every reply negative.
        "guess:[]$guess:found({equation},positive)$"
        'print(sconcat("BE","GIN"),texts(if asked>0 then append(guess,found({equation},negative)) else guess))$',
        {"Y": "y", "Y'": "'diff(y,x)", "Y''": "'diff(y,x,2)"},
        # contrib_ode tries the methods of the older ode2 first. Where y is in several logarithms, `solve` finds y only
        # if they are contracted into one.
        setup='load("contrib_ode")$\n'
        "solved(s):=apply(append,errcatch(solve(s,y)))$\n"
        "explicit(s):=if not freeof(y,rhs(s)) then append(solved(s),solved(logcontract(s)))"
        " elseif lhs(s)=y then [s]"
        " else subst(rhs(s),w,append(solved(lhs(s)=w),solved(logcontract(lhs(s))=w)))$\n"
        "found(e,reply):=(asked:0,apply(append,map(explicit,apply(append,"
        "map(lambda([s],if listp(s) then s else []),errcatch(contrib_ode(e=0,y,x)))))))$\n"
        "texts(s):=simplode(unique(map(lambda([q],string(rhs(q))),"
        'sublist(s,lambda([q],lhs(q)=y and freeof(y,rhs(q)))))),",")$',
        lacking='print(sconcat("BE","GIN"),if errcatch(load("contrib_ode"))=[] then "contrib_ode" else "")$',
    ),
    "fricas": _Question(
        'PRINC(concat(["BE","GIN",solutions({equation})]))$Lisp',
        {"Y": "y(x)", "Y'": "D(y(x),x)", "Y''": "D(y(x),x,2)"},
        # The last line makes FriCAS load and compile what it needs.
        setup="y := operator 'y\n"
        "explicit(f: EXPR INT): List EXPR INT =="
        " [rhs q for q in solve(eval(f, kernels(y x).1, w::EXPR INT) = a8, w)$SOLVETRA(INT)"
        " | not member?(w, variables rhs q)]\n"
        "general(p: EXPR INT, b: List EXPR INT): List EXPR INT =="
        " [p + reduce(+, [c * g for c in [a8, a9]::List EXPR INT for g in b], 0)]\n"
        "solutions(e: EXPR INT): String == (s := solve(e, y, x)$ODEEF(INT, EXPR INT); found: List EXPR INT := [];"
        " if s case EXPR INT then found := explicit(s::EXPR INT)"
        " else if s case Record(particular: EXPR INT, basis: List EXPR INT) then"
        " (r := s::Record(particular: EXPR INT, basis: List EXPR INT); found := general(r.particular, r.basis));"
        ' concat [concat(unparse(g::InputForm), ",") for g in found])\n'
        "solutions(D(y x, x) + y x)",
    ),
}
ODE_SOLVERS = (*_QUESTIONS, "sympy")
_LIMIT_OF_LACKING = 30.0  # CPU seconds to load what may be missing
_CONSTANT = re.compile(r"\bc_\d+|%c\b|%k\d\b")  # of Giac and Maxima; the setup of FriCAS writes a8 and a9
_ANY_INTEGER = re.compile(r"\bn_\d+")  # Giac's, as in 2*n_0*pi
_GIVEN_UP = "Unable to solve"  # Giac
_OTHER_NAMES = {*spellings("variable"), *spellings("coefficient")} - {"x"}


@functools.cache
def lacking(name: str) -> str:
    """Why an installed system cannot solve differential equations; empty if it can. It is asked once.

    Debian's Maxima, for example, has its methods for differential equations in a package of their own.
    """
    line = _QUESTIONS[name].lacking if name in _QUESTIONS else ""
    if not line or not is_installed(name):
        return ""
    with contextlib.closing(Session(name, _LIMIT_OF_LACKING)) as session:
        missing = session.ask(line)
    if not missing:
        return ""
    return (
        f"the computer algebra system `{name}` cannot solve differential equations here, for it has no {missing}. "
        f"To install it: {how_to_install(name)}"
    )


class OdeSolver(Session):
    """One computer algebra system; its process is started when it is first needed.

    Args:
        name: one of `ODE_SOLVERS`, not SymPy.
        limit: CPU seconds that the system may spend on one equation.
        wall_limit: as for `Session`.

    Raises:
        ValueError: there is no such system, it is not installed, or the limit is not positive.
    """

    def __init__(self, name: str, limit: float, wall_limit: float | None = None):
        if name not in _QUESTIONS:
            raise unknown_name("solver of differential equations", name, tuple(_QUESTIONS))
        self._question = _QUESTIONS[name]
        super().__init__(name, limit, wall_limit, self._question.setup)

    def solve(self, equation: Tree) -> list[Tree]:
        """Explicit solutions of equation = 0 with the constants `a8` and `a9`: not checked, not canonical.

        Raises:
            NoAnswer: the system found none, or none in time.
            ValueError: the equation holds other variables or coefficients, or the system is not installed whole.
        """
        if reason := lacking(self.name):
            raise ValueError(reason)
        if clashes := _OTHER_NAMES.intersection(to_prefix(equation)):
            raise ValueError(
                f"an equation may hold only x, Y and its derivatives. Received: {', '.join(sorted(clashes))}."
            )
        answer = self.ask(self._question.ask.format(equation=self.written(equation, self._question.unknown)))
        if _GIVEN_UP in answer:
            raise NoAnswer("no answer found")
        solutions, failures = [], []
        for text in _parts(answer.strip('" ').removeprefix("[").removesuffix("]")):
            try:
                solutions.append(self.read(_with_our_constants(text), ["a8", "a9"]))
            except NoAnswer as failure:
                failures.append(failure)
        if not solutions:
            raise failures[0] if failures else NoAnswer("no answer found")
        return solutions


def _parts(answer: str) -> list[str]:
    """The answer split at the commas that are outside all brackets, without empty parts."""
    parts, depth = [""], 0
    for character in answer:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _with_our_constants(solution: str) -> str:
    """The first constant becomes `a8`, the second `a9`, a third `a10`, which is no token; an arbitrary integer 0."""
    names = {}
    solution = _ANY_INTEGER.sub("0", solution)
    return _CONSTANT.sub(lambda match: names.setdefault(match[0], f"a{8 + len(names)}"), solution)


def dsolve(equation: Tree) -> list[Tree]:
    """SymPy's explicit solutions of equation = 0 with the constants `a8` and `a9`: not checked, not canonical.

    SymPy may hang or use up the memory: call this in a process with limits.
    """
    import sympy as sp  # here, because it takes a third of a second

    from symbolic.expressions.exchange import from_sympy, to_sympy

    x, y = sp.Symbol("x"), sp.Function("Y")
    constants = {sp.Symbol(f"C{number}"): sp.Symbol(f"a{number + 7}") for number in (1, 2)}
    try:
        found = sp.dsolve(to_sympy(equation, evaluate=True), y(x))
    except Exception:  # SymPy raises errors of any kind on equations that it cannot solve
        return []
    answers = []
    for solution in found if isinstance(found, list) else [found]:
        with contextlib.suppress(ValueError):  # an integral, or a function that no token spells
            if solution.lhs == y(x):
                answers.append(from_sympy(solution.rhs.xreplace(constants)))
    return answers
