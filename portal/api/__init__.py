"""REST API v1: what people do in pages, for programs."""
