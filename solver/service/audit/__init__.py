"""A record of every decision, in a file where each record holds the hash of the one before."""
