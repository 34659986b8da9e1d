"""What a model must offer so that it can be decoded."""

from typing import Any, NamedTuple, Protocol


class ModelState(NamedTuple):
    """What a model keeps between two steps of decoding, as nested tuples of tensors.

    Attributes:
        shared: with first axis B, what all hypotheses of a problem share.
        own: with first axes B and K; goes with a hypothesis when the search copies or moves it.
    """

    shared: Any
    own: Any


class NextLogits(Protocol):
    """What a search needs of a model."""

    def start(self, context, hypotheses: int, steps: int) -> ModelState:
        """The state before the first of `steps` steps, given contexts (B, S), for K = `hypotheses` of each."""

    def step(self, tokens, state: ModelState, position) -> tuple[Any, ModelState]:
        """Logits (B, K, V) of the next tokens, given those at `position` (B, K), START at position 0; the new state."""

    def with_room(self, state: ModelState, steps: int) -> ModelState:
        """The state with room for `steps` more steps; called between compiled parts, so shapes may depend on values."""
