"""The paper's claims put to the test on the prime task: measurements of trained models, and verdicts."""
