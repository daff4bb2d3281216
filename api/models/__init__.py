"""Which speech models can be asked for."""
