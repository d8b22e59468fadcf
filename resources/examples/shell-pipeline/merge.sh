#!/bin/sh
# How often each path was asked for, in all logs together.
set -eu
cat /work/parts/*/out/paths.txt | sort | uniq -c | sort -rn >out/report.txt
cat out/report.txt
