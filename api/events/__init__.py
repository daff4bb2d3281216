"""What happened, in order, for callers who were away when it was sent."""
