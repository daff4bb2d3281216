"""What the items of a batch can be read from, page by page, from any place on."""
