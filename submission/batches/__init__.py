"""What a batch may hold, and how its items are read, whoever reads them."""
