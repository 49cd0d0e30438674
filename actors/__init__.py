"""What the queue can run. One actor, `run`, is called with a task's id."""
