"""The post's table and its claim on reversal, put to the test."""
