"""A data set as token ids: pairs of a context and a target sequence, stored end to end.

The ids lie in flat arrays with the offsets at which sequences begin, in memory today. They are plain NumPy arrays so
that they can be memory-mapped files one day. The store knows ids and lengths, neither texts nor batches.
"""

import numpy as np

Sequences = tuple[np.ndarray, np.ndarray]


class TokenStore:
    """Pairs (context, target) of id sequences, START and END included.

    Args:
        contexts: flat ids (int32) and the n + 1 offsets (int64) at which the sequences begin and the last one ends,
            as `TextProcessor.encode` returns them.
        targets: the same for the targets, in the same order.

    Raises:
        ValueError: there are not as many contexts as targets.
    """

    def __init__(self, contexts: Sequences, targets: Sequences):
        self.context_ids, self.context_offsets = contexts
        self.target_ids, self.target_offsets = targets
        if len(self.context_offsets) != len(self.target_offsets):
            raise ValueError(
                "`contexts` and `targets` must be equally many. "
                f"Received: {len(self.context_offsets) - 1} and {len(self.target_offsets) - 1}."
            )

    def __len__(self) -> int:
        return len(self.context_offsets) - 1

    def context(self, i: int) -> np.ndarray:
        """Ids of context i."""
        return self.context_ids[self.context_offsets[i] : self.context_offsets[i + 1]]

    def target(self, i: int) -> np.ndarray:
        """Ids of target i."""
        return self.target_ids[self.target_offsets[i] : self.target_offsets[i + 1]]

    @property
    def context_lengths(self) -> np.ndarray:
        """Tokens of every context (n,), START and END included."""
        return np.diff(self.context_offsets)

    @property
    def target_lengths(self) -> np.ndarray:
        """Tokens of every target (n,), START and END included."""
        return np.diff(self.target_offsets)

    def select(self, rows: np.ndarray) -> "TokenStore":
        """A store of some of the pairs: `rows` is a mask (n,) of booleans or an array of row numbers, in any order."""
        rows = np.arange(len(self))[rows]
        return TokenStore(
            _select(self.context_ids, self.context_offsets, rows), _select(self.target_ids, self.target_offsets, rows)
        )


def _select(ids: np.ndarray, offsets: np.ndarray, rows: np.ndarray) -> Sequences:
    lengths = np.diff(offsets)[rows]
    new_offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return ids[np.repeat(offsets[rows] - new_offsets[:-1], lengths) + np.arange(new_offsets[-1])], new_offsets
