"""The verbs: what a caller of the library, the command line and the service all use."""
