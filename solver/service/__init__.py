"""The only place that knows gRPC: the wire format, the server with its workers, the client."""
