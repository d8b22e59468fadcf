"""Does the master of this container take work? Exit code 0 when it does; for the engine's health check."""

import os
import ssl
import sys
import urllib.error
import urllib.request

port = os.environ.get("HIVEMIND_WEB", "0.0.0.0:5000").rpartition(":")[2]
# The certificate names the pool, not this loopback; nothing is sent, and the answer is one number.
anyone = ssl.create_default_context()
anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
for scheme in ("https", "http"):
    try:
        with urllib.request.urlopen(f"{scheme}://localhost:{port}/readyz", timeout=5, context=anyone) as answer:
            sys.exit(0 if answer.status == 200 else 1)
    except urllib.error.HTTPError:
        sys.exit(1)
    except OSError:
        continue
sys.exit(1)
