"""What is wrong with a call's channels, known before any device hears them."""
