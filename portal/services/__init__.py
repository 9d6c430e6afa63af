"""One transaction a function: fact, audit event, notices and messages to workflows are written together."""
