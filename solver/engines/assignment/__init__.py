"""Tasks assigned to instances so that few are missing and few move: compiled search, and a bound with a certificate."""
