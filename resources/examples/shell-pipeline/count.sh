#!/bin/sh
# Which paths of this log were asked for, one a line. Any program that stands in the zip may do the work instead.
set -eu
cut -d ' ' -f 5 "$1" | sort >out/paths.txt
echo "$1: $(wc -l <out/paths.txt) requests"
