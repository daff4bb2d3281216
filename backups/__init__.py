"""Postgres and storage as one moment had them: written to a directory, brought back, and compared."""
