"""The machine: atomic writes, folders, locks, lines, files, processes, clusters, start-up, names."""
