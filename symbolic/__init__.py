"""Neural symbolic mathematics: random problems in, trained models and checked answers out.

Importing this package loads nothing heavy; each room (`expressions`, `problems`, `verification`, `seq2seq`,
`experiments`) is imported on its own.
"""

__version__ = "0.2.0"
