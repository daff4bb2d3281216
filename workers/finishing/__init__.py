"""Puts a job's hypotheses together into its transcript."""
