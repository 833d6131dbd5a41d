#!/bin/sh
# The browser of the tests: a chromium that is there, else Debian's where the user may install it; else say so and fail.
set -e
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0
fi
echo "No chromium was found and none could be installed: the report's tests in a browser were NOT run." >&2
exit 1
