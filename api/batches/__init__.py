"""Many recordings, handed over and read together."""
