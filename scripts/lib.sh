# Shared by the scripts beside it, which source it first: strict mode, the repository root as working directory.
# Every path is relative to the root, so that a clone may lie below a directory with spaces in its name.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'portico: %s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# Print the interpreter to build virtualenvs with: $PYTHON, else python3.11, else a python3 that is new enough.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    die "Python 3.11 or later is needed; install it, or name it: make PYTHON=/path/to/python3.11 ..."
}

create_venv() { # create_venv DIRECTORY
    local python
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        scripts/debian-packages python3-venv
    fi
    say "creating $1"
    "$python" -m venv --clear "$1"
}

pip_install() { # pip_install DIRECTORY OPTIONS...
    local venv=$1
    shift
    "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "$@"
}

# What a virtualenv was made from: where it stands (its scripts hold that path) and everything that is installed into it.
venv_key() { # venv_key FILE...
    { pwd && cat "$@"; } | sha256sum | cut -d ' ' -f 1
}

# Run the rest of the calling script alone, however many of them are started in this clone at once.
lock() { # lock FILE
    exec 9>"$1"
    flock 9
}
