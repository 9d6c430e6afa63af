"""The Flask application: what people and programs see, the tables, the transactions."""
