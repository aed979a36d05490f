"""The wire: generated from ``protos/solver/v1`` by ``make generate``; never edited."""
