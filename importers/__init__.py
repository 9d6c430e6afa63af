"""Bytes in, typed rows and problems out; workbooks out. Import the modules directly."""
