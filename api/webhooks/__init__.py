"""Where owners want to be told of events, and what became of telling them."""
