"""The decoder of foreign recordings: a process of its own, its walls and limits, and how it is talked to."""
