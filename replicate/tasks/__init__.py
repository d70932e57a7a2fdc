"""What is learnt: one folder a task, with its metrics and baselines."""
