"""Machine reassignment: tasks that all have a place, moved so that all costs together are least."""
