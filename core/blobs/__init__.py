"""Files by content: the store of both programs, and zips in and out of it. Threads, no event loop.

store     blobs named by their SHA-256: temp, fsync, rename; resumable; a damaged blob is never served
cache     the agent's budget over a store: what is pinned stays, the least recently used goes
bundler   zips: judged before anything is written, unpacked into the store, results streamed out
"""
