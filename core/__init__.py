"""What every process needs and none owns."""
