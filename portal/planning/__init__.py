"""The planning desk and the records that our own people share: backorders, purchase order lines, products."""
