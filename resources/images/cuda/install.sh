#!/bin/sh
# Runs once, as root, while the image is built.
set -eu
apt-get update
apt-get install -y --no-install-recommends python3-pip $(cat /opt/hivemind/packages.txt)
rm -rf /var/lib/apt/lists/*
grep -q ':10001:' /etc/group || echo 'hivemind:x:10001:' >>/etc/group
grep -q ':10001:' /etc/passwd || echo 'hivemind:x:10001:10001:HiveMind task:/work:/bin/sh' >>/etc/passwd
mkdir -p /work && chown 10001:10001 /work
python3 -m pip install --break-system-packages --ignore-installed --no-cache-dir --no-compile --only-binary :all: \
    --require-hashes -r /opt/hivemind/requirements.txt
# Tasks see a read-only root: what is not compiled now would be compiled at each start of Python.
python3 -m compileall -q -j 0 /usr/lib/python3* /usr/local/lib/python3* || true
