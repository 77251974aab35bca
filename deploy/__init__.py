"""How the services are run: the embedded profile on one machine, and what operators use elsewhere."""
