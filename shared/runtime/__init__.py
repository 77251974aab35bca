"""What makes a process of a service: settings, identity, the HTTP door, timers, and the life cycle."""
