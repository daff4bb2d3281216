"""Places in object storage where clients may put recordings themselves."""
