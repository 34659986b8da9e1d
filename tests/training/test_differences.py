"""A difference between trials is called beyond chance where it is, and seldom where it is not."""

import numpy as np
import pytest

from symbolic.training.differences import _holm, _t_quantile, difference, mcnemar


def answers(rng, problems, seeds, rate, spread):
    """(seeds, problems): how hard a problem is, is the same for all seeds; each seed is better or worse by `spread`."""
    hardness = rng.normal(0, 0.15, problems)
    of_seeds = rng.normal(0, spread, seeds)
    return rng.random((seeds, problems)) < np.clip(rate + hardness + of_seeds[:, None], 0, 1)


def false_alarms(spread, tries=300):
    rng = np.random.default_rng(0)
    found = [
        difference("a", answers(rng, 200, 3, 0.5, spread), "b", answers(rng, 200, 3, 0.5, spread)) for _ in range(tries)
    ]
    return np.mean([each.p < 0.05 for each in found])


@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_equal_trials_seldom_differ_however_much_the_seeds_do(spread):
    assert false_alarms(spread) <= 0.08


def test_a_clear_difference_is_found_with_its_interval():
    rng = np.random.default_rng(1)
    found = difference("a", answers(rng, 500, 3, 0.7, 0.02), "b", answers(rng, 500, 3, 0.4, 0.02))
    assert found.p < 0.05 and found.low < found.difference < found.high and found.low > 0.1
    assert (found.seeds, found.other_seeds, found.problems) == (3, 3, 500)


def test_many_problems_do_not_hide_the_noise_of_the_seeds():
    """Two seeds each that differ by 20 points: a difference of the means of 10 points says nothing."""
    solved = np.arange(10_000) < np.array([[4000], [6000]])
    others = np.arange(10_000) < np.array([[5000], [7000]])
    assert difference("a", solved, "b", others).p > 0.3


def test_one_seed_on_a_side_is_mcnemar_of_the_models():
    solved, others = np.zeros((2, 1, 100), bool)
    solved[0, :10] = True
    others[0, 10:12] = True
    found = difference("a", solved, "b", others)
    assert found.test == "McNemar" and np.isnan(found.low) and found.difference == pytest.approx(0.08)
    assert found.p == pytest.approx(2 * sum([1, 12, 66]) / 2**12)
    assert mcnemar(0, 0) == 1 and mcnemar(3, 3) == 1


def test_quantiles_of_t_and_corrected_probabilities():
    assert _t_quantile(4) == pytest.approx(2.776, abs=1e-3) and _t_quantile(1e6) == pytest.approx(1.96, abs=1e-3)
    np.testing.assert_allclose(_holm(np.array([0.04, 0.01, 0.5])), [0.08, 0.03, 0.5])
