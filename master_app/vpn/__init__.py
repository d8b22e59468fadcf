"""WireGuard configs, made for users: `configs` gives and takes them, `hub` keeps the master's end up to date.

    POST /api/vpn/configs -> configs.make -> one row, one address -> hub.refresh -> hub file -> wg syncconf
                                                                                   or: the command to run

A convenience: nodes dial out and need no VPN. It helps where a pool's master is to be reached from elsewhere
without opening its ports to everybody.
"""
