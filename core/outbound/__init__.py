"""Requests to servers that callers name: to receivers of webhooks, to where recordings lie."""
