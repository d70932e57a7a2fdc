"""Prime extraction, the post's task."""
