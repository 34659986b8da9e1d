"""Where problems come from: families that draw problems with known solutions, the files that hold them, and splits.

problem, lengths, splits    one problem, what a person may choose about problems, and train, valid, test by content
files, sympy_suite          the published file formats, and suites in SymPy's spelling
families                    functions that draw problems; `tasks` has them by name
production                  any number of problems, by worker processes or a cluster; endless streams
data_sets                   training data sets, from generated or published files
"""
