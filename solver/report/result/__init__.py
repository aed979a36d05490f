"""A report of what a command has kept in a folder: one HTML file that fetches nothing."""
