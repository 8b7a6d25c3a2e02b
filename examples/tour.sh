#!/usr/bin/env bash
# A tour through the doors: the same objects through S3 (aws), FTP (lftp, curl) and Swift (swift), each seen at once by
# the others. Needs a running `portico serve`; leaves nothing behind; ends with 0 only if everything was as it should be.
#
#   examples/tour.sh                         against ./portico-data, where `portico serve` keeps ports and credentials
#   PORTICO_DATA=/srv/objects examples/tour.sh
#   S3_ENDPOINT=http://host:9000 SWIFT_AUTH=http://host:8080/auth/v1.0 FTP_ENDPOINT=ftp://host:2121 \
#       PORTICO_ACCOUNT=test PORTICO_USER=tester PORTICO_SECRET=... examples/tour.sh
#
# TOUR_MB (300) is the size of the large file in MB.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
data=${PORTICO_DATA:-portico-data}
export PATH=$PATH:$repository/.venv-clients/bin # where `make test` installs the clients

step() { printf '\n== %s\n' "$*"; }
say() { printf '   %s\n' "$*"; }
fail() {
    printf 'tour: %s\n' "$*" >&2
    exit 1
}
same() { # same WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || fail "$1: expected $2, found $3"
    say "$1: $3"
}

json() { # json FILE KEY...
    python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2:]:
    value = value[key]
print(value)' "$@" || fail "cannot read ${*:2} in $1; is portico serving there? (see PORTICO_DATA)"
}
md5_of() { md5sum "$1" | cut -d ' ' -f 1; }

for program in aws lftp swift curl python3; do
    command -v "$program" >/dev/null || fail "the program '$program' is missing"
done
s3=${S3_ENDPOINT:-$(json "$data/run.json" endpoints s3)}
swift_auth=${SWIFT_AUTH:-$(json "$data/run.json" endpoints swift)}
ftp=${FTP_ENDPOINT:-$(json "$data/run.json" endpoints ftp)}
account=${PORTICO_ACCOUNT:-$(json "$data/credentials.json" account)}
user=${PORTICO_USER:-$(json "$data/credentials.json" user)}
secret=${PORTICO_SECRET:-${PORTICO_ROOT_SECRET:-$(json "$data/credentials.json" secret)}}
size=$((${TOUR_MB:-300} * 1000 * 1000))

work=$(mktemp -d)
bucket=tour-$$-$RANDOM
cleanup() {
    aws s3 rb --force "s3://$bucket" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT

# Each client with its way of logging in, and without the configuration of whoever runs this.
export AWS_ACCESS_KEY_ID=$user AWS_SECRET_ACCESS_KEY=$secret AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-us-east-1}
export AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none AWS_EC2_METADATA_DISABLED=true
export ST_AUTH=$swift_auth ST_USER=$account:$user ST_KEY=$secret
export LFTP_HOME=$work/lftp LFTP_PASSWORD=$secret
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3
aws() { command aws --endpoint-url "$s3" "$@"; }
ftp() { lftp -e "set cmd:fail-exit true; open --env-password -u '$user' $ftp/$bucket; $1; exit" </dev/null; }
printf 'user = "%s:%s"\n' "$user" "$secret" >"$work/curlrc"
curl() { command curl --silent --show-error --fail --config "$work/curlrc" "$@"; }

step "Make a file of $size bytes"
large=$work/large.bin
head -c "$size" /dev/urandom >"$large"
large_md5=$(md5_of "$large")
say "MD5 $large_md5"

step "S3: aws creates the bucket $bucket and copies the file in"
aws s3 mb "s3://$bucket"
aws s3 cp --no-progress "$large" "s3://$bucket/large.bin"

step "FTP: lftp sees it, and renames it"
same "size by FTP" "$size" "$(ftp 'cls -1 --size --block-size=1 large.bin' | awk '{ print $1 }')"
ftp "mv large.bin renamed.bin"
same "names by FTP" renamed.bin "$(ftp 'cls -1')"

step "FTP: a download breaks off at a third, and lftp resumes it with REST"
# `head` goes away in the middle, and with it curl's connection
{ curl "$ftp/$bucket/renamed.bin" 2>/dev/null || true; } | head -c "$((size / 3))" >"$work/resumed.bin"
same "bytes before the resumption" "$((size / 3))" "$(stat --format=%s "$work/resumed.bin")"
ftp "get -c renamed.bin -o '$work/resumed.bin'"
same "MD5 after it" "$large_md5" "$(md5_of "$work/resumed.bin")"
truncate --size="$((size / 2))" "$work/resumed.bin"
curl --continue-at - --output "$work/resumed.bin" "$ftp/$bucket/renamed.bin"
same "MD5 when curl resumes from the half" "$large_md5" "$(md5_of "$work/resumed.bin")"
rm "$work/resumed.bin"

step "Swift: swift lists and downloads it under its new name"
same "names by Swift" renamed.bin "$(swift list "$bucket")"
swift download --output "$work/by-swift.bin" "$bucket" renamed.bin
same "MD5 by Swift" "$large_md5" "$(md5_of "$work/by-swift.bin")"
rm "$work/by-swift.bin"

step "Swift: swift uploads another file; S3 and FTP see it at once"
small=$work/small.bin
head -c 5000000 /dev/urandom >"$small"
small_md5=$(md5_of "$small")
swift upload --object-name letters/small.bin "$bucket" "$small"
listed=$(aws s3api list-objects-v2 --bucket "$bucket" --prefix letters/ --query 'Contents[0].[Key,Size,ETag]' --output text)
same "aws s3api list-objects-v2" "letters/small.bin 5000000 \"$small_md5\"" "$(tr '\t' ' ' <<<"$listed")"
facts=$(curl --request MLSD "$ftp/$bucket/letters/" | tr -d '\r' | grep ' small.bin$')
grep -qi 'size=5000000;' <<<"$facts" || fail "MLSD shows another size: $facts"
say "MLSD: $facts"
aws s3 cp --no-progress "s3://$bucket/letters/small.bin" "$work/by-s3.bin"
same "MD5 by S3" "$small_md5" "$(md5_of "$work/by-s3.bin")"

step "S3: what aws deletes is gone from every door"
aws s3 rm --quiet --recursive "s3://$bucket"
by_swift=$(swift list "$bucket")
same "names by Swift" "" "$by_swift"
by_ftp=$(ftp 'cls -1')
same "names by FTP" "" "$by_ftp"
aws s3 rb "s3://$bucket"

printf '\nThe tour is over: every door shows the same tree.\n'
