"""Duties that keep the tables true, one a file; each works in bounded batches and may run twice."""
