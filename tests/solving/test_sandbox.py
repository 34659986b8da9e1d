"""What hangs, crashes, eats memory or raises an error costs its own result, and is counted."""

import pytest
import symengine as se
import sympy as sp

from symbolic.expressions.engines import canonical, to_symengine
from symbolic.expressions.infix import from_infix
from symbolic.expressions.prefix import from_prefix, prefix_text
from symbolic.solving.repair import repaired
from symbolic.solving.sandbox import (
    LimitReached,
    combination,
    derivative_of,
    evaluated,
    limited_call,
    limited_map,
    repairs,
    terms,
)
from tests import worker_tasks


def text(infix):
    return prefix_text(from_infix(infix))


def test_a_loss_costs_one_result_and_is_printed(capsys):
    arguments = [("nothing", 1), ("hang", 2), ("nothing", 3), ("crash", 4), ("eat", 5), ("raise", 6), ("nothing", 7)]
    with limited_map(2, time_limit=1.5) as compute:
        assert compute(worker_tasks.misbehave, arguments) == [1, None, 3, None, None, None, 7]
        printed = capsys.readouterr().err
        assert "misbehave: lost 4 of 7" in printed
        assert all(f"{reason} 1" in printed for reason in ("time limit", "crash", "memory limit", "error KeyError"))
        assert compute(worker_tasks.misbehave, [("nothing", 8)]) == [8] and not capsys.readouterr().err


def test_a_single_call_returns_its_result_or_names_the_limit():
    assert limited_call(worker_tasks.misbehave, "nothing", 1, time_limit=10.0) == 1
    for how, reason in (("hang", "time limit"), ("crash", "crash"), ("eat", "memory limit")):
        with pytest.raises(LimitReached, match=reason):
            limited_call(worker_tasks.misbehave, how, 1, time_limit=1.0)
    with pytest.raises(KeyError):
        limited_call(worker_tasks.misbehave, "raise", 1, time_limit=10.0)


def test_a_malformed_or_too_large_hypothesis_costs_only_itself(capsys):
    problem = text("y' = x*cos(x) + 3*x^2")
    hypotheses = ["sin " * 257 + "x", "INT+ " + "1 " * 1001, text("x*sin(x)"), text("cos(x) + x^3")]
    with limited_map(1, 10.0) as compute:
        (some, (answer,)) = compute(repairs, [("sub Y' x", hypotheses[:1]), (problem, hypotheses)])
        assert from_prefix(answer) and isinstance(some, list) and not capsys.readouterr().err
        assert compute(repairs, [("sub Y'", []), (problem, hypotheses)]) == [None, [answer]]
        assert "repairs: lost 1 of 2 (error PrefixError 1)" in capsys.readouterr().err


def test_nothing_to_compute_starts_nothing():
    with limited_map(1, 1.0) as compute:
        assert compute(repairs, []) == []


def test_texts_give_what_trees_give_here():
    problem, hypotheses = text("y' = x*cos(x) + 3*x^2"), [text("x*sin(x)"), "add x", text("cos(x) + x^3")]
    trees = [from_prefix(hypotheses[0]), from_prefix(hypotheses[2])]
    with limited_map(1, 10.0) as compute:
        ((answer,),) = compute(repairs, [(problem, hypotheses)])
        assert [from_prefix(answer)] == repaired(from_prefix(problem), trees)
        (split,) = compute(terms, [(problem,)])
        (total,) = compute(combination, [([(coefficient, term.split(" ", 2)[2]) for coefficient, term in split],)])
        assert canonical(from_prefix(total)) == canonical(from_prefix(problem).operands[1])
        slopes = compute(derivative_of, [(answer,), (text("1/0"),), ("mul x",)])
        assert from_prefix(slopes[0]) == canonical(from_prefix(problem).operands[1]) and slopes[1:] == [None, None]
        assert compute(evaluated, [(text("x + x"),)]) == [2 * sp.Symbol("x")]
    assert to_symengine(from_prefix(answer)).diff(se.Symbol("x")) == to_symengine(from_prefix(problem).operands[1])
