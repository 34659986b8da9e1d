"""What a model really solves: problem sets, rows, matrix, tables, plots, robustness suites."""
