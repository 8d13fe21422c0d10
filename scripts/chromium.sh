#!/bin/sh
# Prints the path of a Chromium to test with; installs one where the system lets us. $CHROMIUM takes precedence.
set -eu

find_one() {
    for name in ${CHROMIUM:-chromium chromium-browser google-chrome google-chrome-stable}; do
        if command -v "$name" 2>/dev/null; then return 0; fi
    done
    return 1
}

find_one && exit 0
if [ -n "${CHROMIUM:-}" ]; then
    echo "CHROMIUM=$CHROMIUM is not there; set it to a Chromium or Chrome, or unset it" >&2
    exit 1
fi
if command -v apt-get >/dev/null 2>&1; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if $as_root true 2>/dev/null; then
        echo "installing Chromium for the browser tests (apt-get install chromium)" >&2
        export DEBIAN_FRONTEND=noninteractive
        $as_root apt-get update >&2 && $as_root apt-get install -y --no-install-recommends chromium >&2 || true
        find_one && exit 0
    fi
fi
echo "The browser tests need Chromium, and it could not be installed from here. Install Chromium or Chrome" >&2
echo "(Debian, Ubuntu: sudo apt-get install chromium), or set CHROMIUM to its path, and run make test again." >&2
exit 1
