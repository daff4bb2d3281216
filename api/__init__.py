"""The HTTP side: takes recordings, keeps jobs, hands out transcripts. It never talks to the broker."""
