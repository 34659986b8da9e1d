"""Files, folders, locks, processes, clusters and start-up. This package imports no other of the project."""
