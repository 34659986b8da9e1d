"""Computer algebra systems, each in its own process: sessions, integrators, ODE solvers, asking.

Their answers are not checked here. No module of this package imports TensorFlow or Keras.
"""
