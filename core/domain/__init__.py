"""The words and rules of HiveMind as plain values: standard library only, no I/O, no clock, no logging.

    ids errors transitions resources          the ground
    node task subtask attempt user ledger     entities: a state enum, its table, and the rules on it
    bundle artifact spec                      what is submitted and what comes out
    session                                   every message between master and agent, as values
    explain views events                      refusals and scores; rows that faces show; facts

Times are integers in milliseconds since the Unix epoch (`*_ms`); durations name their unit (`*_s`, `*_ms`);
money is integer micro-CPT (`*_ucpt`).
"""
