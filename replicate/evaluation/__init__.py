"""Scores of trained models and of baselines, and single answers looked at."""
