"""Where problems come from: random expressions, problems with known solutions, the files that hold them, and splits.

Imports `expressions` and nothing else of the project but the atomic writing of files; never TensorFlow.
"""
