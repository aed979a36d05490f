"""Search around the best plan, where the whole request is too large for one model, or before it is searched whole."""
