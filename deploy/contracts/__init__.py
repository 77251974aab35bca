"""What operators and partners get from the contracts: JSON Schemas of every event."""
