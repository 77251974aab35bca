"""Programs that do the common task of `benchmarks.projection_task`, each with its own way of doing it."""
