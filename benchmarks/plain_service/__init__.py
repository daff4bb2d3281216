"""What one writes in a day: FastAPI, Celery and Redis, well made, and no promises kept.

The recording lies on the API's disk, the job only in the broker, the result in Redis. A worker
decodes the caller's file in its own process. Nothing survives a restart of anything, nobody waits
fairly, and whoever loses a message loses a call. It does the same work as ours otherwise.
"""
