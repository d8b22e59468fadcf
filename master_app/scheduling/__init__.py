"""Which node takes which subtask: pure, in the writer thread, explained. See README.md in this folder.

pool -> feasibility (hard, each refusal has a reason) -> ranking (lowest effective load first) -> placement
explain runs the same feasibility and ranking for people
"""
