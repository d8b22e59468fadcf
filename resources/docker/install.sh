#!/bin/sh
# Runs once, as root, while the image is built. Debian's own image lacks all of this; a root that was made from
# packages.txt and requirements.txt has it, but its packages were only unpacked, not set up.
set -eu
site=/usr/local/lib/python3.11/dist-packages
if [ ! -x /usr/bin/python3 ]; then
    apt-get update
    apt-get install -y --no-install-recommends python3-pip $(cat /opt/hivemind/packages.txt)
    rm -rf /var/lib/apt/lists/*
fi
for file in passwd group; do
    [ -f "/etc/$file" ] || cp "/usr/share/base-passwd/$file.master" "/etc/$file"
done
grep -q ':10002:' /etc/group || echo 'hivemind:x:10002:' >>/etc/group
grep -q ':10002:' /etc/passwd || echo 'hivemind:x:10002:10002:HiveMind:/data:/usr/sbin/nologin' >>/etc/passwd
if [ ! -d "$site/grpc" ]; then
    python3 -m pip install --break-system-packages --no-cache-dir --no-compile --no-deps --only-binary :all: \
        --require-hashes -r /opt/hivemind/requirements.txt
fi
# A wheel of plain Python is a zip of what goes there.
python3 -m zipfile -e /opt/hivemind/hivemind.whl "$site"
rm /opt/hivemind/hivemind.whl
mkdir -p /data && chown 10002:10002 /data && chmod 700 /data
python3 -m compileall -q -j 0 "$site" /usr/lib/python3.11 || true
python3 -c 'import core.rpc, docker, grpc, master_app.bootstrap, psycopg, worker_app.bootstrap'
