"""What was said, in several forms."""
