"""A store holds what was put in, and selections of it."""

import numpy as np
import pytest

from symbolic.seq2seq.token_store import TokenStore


def sequences(*rows):
    return np.array(sum(rows, []), np.int32), np.cumsum([0, *map(len, rows)])


CONTEXTS, TARGETS = [[2, 4, 3], [2, 3], [2, 5, 6, 3]], [[2, 3], [2, 7, 8, 3], [2, 9, 3]]
STORE = TokenStore.of(sequences(*CONTEXTS), sequences(*TARGETS))


def test_pairs_come_out_as_they_went_in():
    assert len(STORE) == 3
    assert [STORE.context(i).tolist() for i in range(3)] == CONTEXTS
    assert [STORE.target(i).tolist() for i in range(3)] == TARGETS
    assert STORE.context_lengths.tolist() == [3, 2, 4] and STORE.target_lengths.tolist() == [2, 4, 3]


@pytest.mark.parametrize("rows", [[2, 0], [True, False, True], [1]])
def test_a_selection_holds_the_rows_asked_for(rows):
    chosen = np.arange(3)[rows].tolist()
    selected = STORE.select(np.array(rows))
    assert [selected.context(i).tolist() for i in range(len(selected))] == [CONTEXTS[i] for i in chosen]
    assert [selected.target(i).tolist() for i in range(len(selected))] == [TARGETS[i] for i in chosen]


def test_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match="equally many"):
        TokenStore.of(sequences(*CONTEXTS), sequences(*TARGETS[:2]))
