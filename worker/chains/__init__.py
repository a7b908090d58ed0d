"""Chains of bones that follow a target: one kind of chain, three solvers behind one interface.

A solver takes a chain, where its tip shall be, and a seed, and gives the chain's angles. `follow` runs one over the
frames of a take; `job` reads and writes the files that the add-on exchanges with `mocap solve-chains`.
"""
