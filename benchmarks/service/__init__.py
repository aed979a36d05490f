"""What the gRPC service shows under load and faults: commands of their own, described in docs/campaigns.md."""
