"""Publishes hints for the work that waits in Postgres, and reaps the leases of the dead."""
