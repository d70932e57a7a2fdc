"""Step by step from the published model to one that solves the task."""
