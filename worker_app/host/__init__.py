"""What the operating system tells and is told.

network   when the network comes back: netlink on Linux, a look at the addresses elsewhere
awake     no sleep while work runs, where the owner agrees: wakepy
tunnel    the WireGuard tunnel that leads to the master: wg-quick
"""
