"""Clusters that the server keeps: their state, the store on disk, and the calls that read and change them."""
