"""What is looked at in a workbook's bytes before the reader may have them.

The reader allocates whole rectangles and drops what it has no type for: failed formulas, and the number
formats that show 420 as 00420 or 0.5 as 50%. So the extents are checked first, and the lost cells noted.
"""
