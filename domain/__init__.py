"""The rules of the business, and nothing else: no clock, no randomness, no input or output.

A customer orders; what stock can't cover is a *backorder*. Open *schedule lines* of purchase orders
are *pegged* to it (softly, re-planned whenever supply moves). A supplier *answers* each line; a
*tolerance* decides whether the answer passes by rule. Pegs give the backorder its *promised date*;
goods received are *allocated* by priority, then first come first served, and that peg is hard.
"""
