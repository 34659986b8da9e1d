"""Training: trials with their parameters, their run folders, and their comparison."""
