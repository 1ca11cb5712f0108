#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes what must be secret for compose.yaml: a password of its own for each part, by chance, and the first user.
# What is there already stays. Nothing of it belongs in a backup of configuration or in version control.
#
#   make-secrets.sh [FOLDER [USER]]      (secrets, rounds)
#
# The folder is its owner's alone. The files in it that parts read can be read by everybody who gets that far: a
# container engine shows each part its files as they are, and the parts run as users of their own.
#
# The user's password is left in FOLDER/first-password: hand it over, then delete the file. Further users:
#   printf '%s:%s\n' NAME "$(openssl passwd -6)" >>FOLDER/users

set -eu
umask 077

folder=${1:-secrets} user=${2:-rounds}
case $user in *[!A-Za-z0-9._-]* | '') echo 'make-secrets: a user is letters, digits, . _ -' >&2; exit 2 ;; esac
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

chance () { openssl rand -hex 24; }
once () { if [ -s "$1" ]; then cat >/dev/null; else cat >"$1.new" && mv "$1.new" "$1"; fi; }

chance | once database-password
chance | once fhir-database-password
chance | once orthanc-database-password
if [ ! -s users ]; then
  chance | once first-password
  hash=$(openssl passwd -6 -stdin <first-password)
  printf '%s:%s\n' "$user" "$hash" | once users
fi

key=$(chance) secret=$(chance)
if [ ! -s objects.json ] || [ ! -s orthanc-secrets.json ]; then
  rm -f objects.json orthanc-secrets.json
  once objects.json <<EOF
{"identities": [{"name": "orthanc", "credentials": [{"accessKey": "$key", "secretKey": "$secret"}],
  "actions": ["Admin", "Read", "Write", "List"]}]}
EOF
  once orthanc-secrets.json <<EOF
{"PostgreSQL": {"Password": "$(cat orthanc-database-password)"},
 "AwsS3Storage": {"AccessKey": "$key", "SecretKey": "$secret"}}
EOF
fi
chmod 644 users objects.json orthanc-secrets.json ./*database-password
