"""The nouns: what a cluster, a request, a plan and an explanation are. numpy only."""
