"""What a model really solves: rows, matrix, tables, plots, problem sets, robustness suites."""
