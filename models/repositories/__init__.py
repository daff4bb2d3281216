"""All SQL, one file per table or duty. A repository never commits: its caller's transaction does."""
