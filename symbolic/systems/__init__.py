"""Computer algebra systems in processes of their own: sessions, integrators, ODE solvers."""
