#!/bin/sh
# Runs once, as root, while the image is built. Debian's own image lacks Python; a root that was made from
# packages.txt has it, but its packages were only unpacked, not set up.
set -eu
if [ ! -x /usr/bin/python3 ]; then
    apt-get update
    apt-get install -y --no-install-recommends $(cat /opt/hivemind/packages.txt)
    rm -rf /var/lib/apt/lists/*
fi
for file in passwd group; do
    [ -f "/etc/$file" ] || cp "/usr/share/base-passwd/$file.master" "/etc/$file"
done
grep_id() { while IFS=: read -r _ _ id _; do [ "$id" = 10001 ] && return 0; done <"/etc/$1"; return 1; }
grep_id group || echo 'hivemind:x:10001:' >>/etc/group
grep_id passwd || echo 'hivemind:x:10001:10001:HiveMind task:/work:/bin/sh' >>/etc/passwd
mkdir -p /work && chown 10001:10001 /work
# Manifests and old zips say "python"; Debian only has python3.
[ -e /usr/bin/python ] || ln -s python3 /usr/bin/python
# Tasks see a read-only root: what is not compiled now would be compiled at each start of Python.
python3 -m compileall -q -j 0 /usr/lib/python3* || true
