"""The dictionary between services: envelope, events, commands, topics, and the one codec that turns them into bytes."""
