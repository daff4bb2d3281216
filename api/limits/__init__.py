"""How much a key and an owner may ask for at a time."""
