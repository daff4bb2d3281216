"""From a caller's recording to chunks: decode in a process of its own, find speech, cut."""
