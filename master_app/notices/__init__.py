"""Who is told what, without having to look: a list for each user, mails and signed posts.

A notice is a row written in the transaction of the act that it tells of; its deliveries are rows too, so neither a
restart nor an unreachable receiver loses one. `raising` writes them, `watch` notices what no act tells (a low
balance, results about to expire), `sending` delivers, `book` is what doors call.
"""
