#!/bin/sh
# Runs once, as root, while the image is built. Debian's own image lacks all of this; a root that was made from
# packages.txt and requirements.txt has it, but its packages were only unpacked, not set up.
set -eu
if [ ! -x /usr/bin/python3 ]; then
    apt-get update
    apt-get install -y --no-install-recommends python3-pip $(cat /opt/hivemind/packages.txt)
    rm -rf /var/lib/apt/lists/*
fi
for file in passwd group; do
    [ -f "/etc/$file" ] || cp "/usr/share/base-passwd/$file.master" "/etc/$file"
done
grep -q ':10001:' /etc/group || echo 'hivemind:x:10001:' >>/etc/group
grep -q ':10001:' /etc/passwd || echo 'hivemind:x:10001:10001:HiveMind task:/work:/bin/sh' >>/etc/passwd
mkdir -p /work && chown 10001:10001 /work
if ! python3 -c 'import matplotlib, numpy, pandas, PIL, pip, requests, sklearn' 2>/dev/null; then
    python3 -m pip install --break-system-packages --ignore-installed --no-cache-dir --no-compile --only-binary :all: \
        --require-hashes -r /opt/hivemind/requirements.txt
fi
# Manifests and old zips say "python"; Debian only has python3.
[ -e /usr/bin/python ] || ln -s python3 /usr/bin/python
# Tasks see a read-only root: what is not compiled now would be compiled at each start of Python.
python3 -m compileall -q -j 0 /usr/lib/python3* /usr/local/lib/python3* || true
python3 -c 'import matplotlib, numpy, pandas, PIL, pip, requests, sklearn'
