"""The same transcripts, asked for and answered as OpenAI's clients expect."""
