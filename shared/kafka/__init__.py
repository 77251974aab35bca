"""The wire: one client factory with safe settings, the relay, the consumer loop. The only importer of aiokafka."""
