"""Money: what is paid, held and given, always inside the caller's unit of work.

holds        open_hold, extend_holds, release        money set aside for a task
settlement   settle                                  terminal attempts -> at most one transfer each
transfers    Money: grants, sending, balance         what people do with credits
statements   CSV and JSON of rows; receipts          what people take home
verify       replays database or file                names the first row that does not fit
explain      the formula of one amount, filled in
"""
