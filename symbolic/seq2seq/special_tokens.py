"""The four tokens that every vocabulary begins with, and their ids.

Padding is 0 so that an array of zeros is an empty batch.
"""

SPECIAL_TOKENS = ("", "[UNK]", "[START]", "[END]")
PADDING_ID, UNKNOWN_ID, START_ID, END_ID = range(len(SPECIAL_TOKENS))
