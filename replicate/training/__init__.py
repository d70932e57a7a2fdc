"""The training loop, and what spreads it over processes."""
