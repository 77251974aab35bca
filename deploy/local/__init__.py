"""The embedded profile: PostgreSQL, Kafka and the four services as child processes of one command."""
