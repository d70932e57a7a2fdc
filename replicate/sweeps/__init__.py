"""Sweeps: one notebook with many sets of parameters, over many processes or machines."""
