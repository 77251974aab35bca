"""The record: event log, outbox, checkpoints, timers, idempotency keys. The only importer of asyncpg."""
