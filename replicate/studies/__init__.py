"""Questions put to runs: what is trained for each, what is measured, and which verdict follows."""
