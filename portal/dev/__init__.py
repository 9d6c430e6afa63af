"""Pages for those who build and try Promiseline; not there in production."""
