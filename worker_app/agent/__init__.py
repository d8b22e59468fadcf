"""The agent: a value that decides, and a performer that does.

    link, database, sandboxes, clock, owner                     performer (asyncio) <-- daemon
              |  stimuli                                             ^
              v                                                      |  instructions
    state.handle(stimulus, now_ms) -> [instruction, ...] ------------+
      connection   session, reports, leases (C1-C4, R2)
      pending      what must be durable, what must be acknowledged
      slots        which attempt gets which sandbox and GPU
      outcomes     what a run's end means (R8, R9, R12)

The state does no I/O and reads no clock, so every rule of it runs under a simulated one.
"""
