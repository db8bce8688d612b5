"""Spans of time in nanoseconds."""

DAY = 86_400_000_000_000
