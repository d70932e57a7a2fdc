"""From settings to a finished run folder, and back."""
