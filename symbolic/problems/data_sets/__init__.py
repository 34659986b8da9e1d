"""Data sets with train, valid and test files: drawn in one go, or prepared from many files."""
