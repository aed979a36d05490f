"""The cheapest mix of instances that holds given tasks: what it costs at least, and a mix that costs little more."""
