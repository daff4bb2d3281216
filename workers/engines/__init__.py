"""Speech models behind one protocol; the only importers of torch."""
