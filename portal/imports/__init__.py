"""The imports desk: files brought in, checked, decided on."""
