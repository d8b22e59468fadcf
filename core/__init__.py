"""Rules and plumbing that both programs share. Knows neither `master_app` nor `worker_app`.

domain < pb | paths < clock | eventbus | logs | settings < manifest | blobs | rpc | desktop < client < cli
"""
