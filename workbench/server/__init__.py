"""The server around the pages: routes, authentication, roles, trusted hosts, jobs, the error log and start-up."""
