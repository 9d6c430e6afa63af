"""Customer service and sales: find what somebody calls about, know what to say, tell who must be told."""
