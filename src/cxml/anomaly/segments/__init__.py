"""Which segments a change comes from."""
