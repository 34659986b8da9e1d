"""The models, and the contract that a model must meet."""
