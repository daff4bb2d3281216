"""Many recordings at once: what is sent, in what order, and how it goes on after an interruption."""
