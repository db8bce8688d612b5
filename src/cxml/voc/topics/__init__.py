"""What comments speak of without labels, and what is new among it."""
