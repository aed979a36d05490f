"""The vocabulary that rules speak, in CP-SAT; knows no rule."""
