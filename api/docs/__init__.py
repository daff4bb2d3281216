"""The API's description as a page that people read and try."""
