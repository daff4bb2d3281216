"""How what a caller asks for becomes a job, whichever way it came: alone, in a batch, tried again."""
