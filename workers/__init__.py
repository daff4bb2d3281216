"""The processes that do the work: dispatcher, preparation, transcription, finishing."""
