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
    for candidate in "${PYTHON:-python3.11}" python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
        [ -z "${PYTHON:-}" ] || break
    done
    die "Python 3.11 or later is needed; install it or name it: make PYTHON=/path/to/python3.11 ..."
}

create_venv() { # create_venv DIRECTORY
    local python
    python=$(find_python)
    # Debian's interpreter comes without what builds virtualenvs.
    "$python" -c 'import ensurepip, venv' 2>/dev/null || scripts/debian-packages python3-venv
    say "creating $1"
    "$python" -m venv --clear "$1"
}

pip_install() { # pip_install VIRTUALENV OPTIONS...
    "$1/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "${@:2}"
}

# Have the source distributions of these packages, which hold their tests, in the versions that are installed there.
fetch_sources() { # fetch_sources VIRTUALENV REQUIREMENTS NAME...
    local sources=$1/sources names
    cmp --quiet "$2" "$sources/.fetched" && return
    say "fetching ${*:3} into $sources"
    rm -rf "$sources"
    mkdir "$sources"
    names=$(IFS='|' && printf '%s' "${*:3}")
    awk -v "names=^($names)==" '/^[a-z]/ { on = $0 ~ names } on' "$2" >"$sources/wanted.txt"
    "$1/bin/python" -m pip download --quiet --no-input --disable-pip-version-check \
        --no-deps --no-binary :all: --require-hashes --dest "$sources" -r "$sources/wanted.txt"
    for archive in "$sources"/*.tar.gz; do tar -xzf "$archive" -C "$sources"; done
    cp "$2" "$sources/.fetched"
}

# Have these programs, from their Debian packages where one is missing.
need_programs() { # need_programs NAME...
    local program missing=()
    PATH=$PATH:/usr/sbin:/sbin
    for program in "$@"; do
        command -v "$program" >/dev/null && continue
        case $program in
            nginx) missing+=(nginx-light) ;;
            *) missing+=("$program") ;;
        esac
    done
    [ ${#missing[@]} -eq 0 ] || scripts/debian-packages "${missing[@]}"
}
