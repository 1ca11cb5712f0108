#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A cloud on one machine: HAPI FHIR on PostgreSQL, and Orthanc with DICOMweb, all on loopback, all data in
# one folder. Says "ready: fhir URL dicomweb URL" on stdout when both answer; ends on Ctrl+C or SIGTERM and
# leaves nothing running. Called by ./dev cloud and by the tests.
#
#   cloud.sh [--ports-file FILE] [--free-ports | --ports=FHIR,DICOMWEB] [--replicas] [DIR]
#
# --replicas runs what data/cloud describes, with its own make-secrets.sh, 10-roles.sh, nginx.conf and
# orthanc.json: two FHIR servers on one database and Orthanc with its index in PostgreSQL, behind nginx with TLS and
# a password. The ready line then goes on with "ca FILE user NAME password FILE replicas PORT,PORT", and
# DIR/replica-1.pid, replica-2.pid, database.pid and images.pid say who they are; what of these ends is started again, as
# a supervisor would.
#
# The FHIR server is built once per change of its sources, into $ROUNDS_CLOUD_CACHE. What this machine lacks (a program,
# or packages that cannot be had) is named, and the exit status is 3.

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
recipe=$here/../../data/cloud
say () { printf '%s\n' "$*" >&2; }
die () { say "cloud: $*"; exit 2; }
# What this machine lacks is no failure of a test.
lacks () { say "cloud: $*"; exit 3; }

wished='8790 8791' ports_file='' free_ports='' build_only='' replicas='' dir=''
while [ $# -gt 0 ]; do
  case $1 in
    --ports-file) [ $# -gt 1 ] || die "--ports-file wants a file"; ports_file=$2; shift ;;
    --free-ports) free_ports=1 ;;
    --ports=*,*) wished=$(printf '%s\n' "${1#--ports=}" | tr ',' ' ') ;;
    --build-only) build_only=1 ;;
    --replicas) replicas=1 ;;
    -*) die "usage: cloud.sh [--ports-file FILE] [--free-ports] [--replicas] [DIR]" ;;
    *) [ -z "$dir" ] || die "one folder, please"; dir=$1 ;;
  esac
  shift
done

case "$dir" in *[!A-Za-z0-9._/+-]*) [ -z "$replicas" ] || die "a folder without odd characters, please" ;; esac
postgres_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
find_plugin () {
  for f in /usr/share/orthanc/plugins/$1.so /usr/lib/orthanc/$1.so; do
    [ ! -e "$f" ] || printf '%s' "$f"
  done
}
dicomweb_plugin=$(find_plugin libOrthancDicomWeb)
index_plugin=$(find_plugin libOrthancPostgreSQLIndex)
for tool in java Orthanc python3 setpriv setsid ${replicas:+nginx openssl}; do
  command -v $tool >/dev/null || lacks "missing: $tool"
done
[ -n "$postgres_bin" ] || lacks "missing: PostgreSQL"
[ -n "$dicomweb_plugin" ] || lacks "missing: Orthanc's DICOMweb plugin"
[ -z "$replicas" ] || [ -n "$index_plugin" ] || lacks "missing: Orthanc's PostgreSQL plugin"

# --- the FHIR server's program -----------------------------------------------------

if [ -n "${ROUNDS_CLOUD_CACHE:-}" ]; then cache=$ROUNDS_CLOUD_CACHE
elif [ -w /var/cache/rounds-dev/work ]; then cache=/var/cache/rounds-dev/work/hapi
else cache=${XDG_CACHE_HOME:-$HOME/.cache}/rounds-dev/work/hapi; fi
mkdir -p "$cache"
key=$(cd "$here/hapi" && { cat ../loopback.c pom.xml; find src -type f | LC_ALL=C sort | xargs cat; } | sha256sum | cut -c1-16)
program=$cache/$key

build_program () {
  command -v mvn >/dev/null || lacks "missing: mvn (Maven)"
  command -v cc >/dev/null || lacks "missing: a C compiler"
  say "cloud: building the FHIR server (once; the first time fetches about 340 MB)"
  rm -rf "$program.new"
  mkdir -p "$program.new"
  mvn -q -B -f "$here/hapi/pom.xml" "-Dmaven.repo.local=$cache/m2" "-Drounds.out=$program.new/out" package \
    >"$cache/build.log" 2>&1 || {
      ! grep -q -E 'Could not (transfer|find) artifact|Unknown host|onnection (refused|timed out|reset)' "$cache/build.log" ||
        lacks "the FHIR server's packages cannot be had, see $cache/build.log"
      tail -n 15 "$cache/build.log" >&2
      die "could not build it, see $cache/build.log"
    }
  # Unpacked it starts sooner than out of one nested archive.
  ( cd "$program.new" && java -Djarmode=tools -jar out/rounds-cloud.jar extract --destination app >/dev/null )
  rm -rf "$program.new/out"
  cc -shared -fPIC -O1 -o "$program.new/loopback.so" "$here/loopback.c" || die "could not compile loopback.c"
  rm -rf "$program"
  mv "$program.new" "$program"
}

exec 8>"$cache/lock"
flock 8
[ -f "$program/app/rounds-cloud.jar" ] || build_program
flock -u 8
exec 8>&-
[ -z "$build_only" ] || exit 0

# --- the folder and the ports ------------------------------------------------------

own_dir=''
if [ -z "$dir" ]; then
  dir=$(mktemp -d /var/tmp/rounds-cloud.XXXXXX)
  own_dir=1
  say "cloud: data in $dir, removed at the end (name a folder to keep it)"
else
  mkdir -p "$dir"
  dir=$(CDPATH='' cd -- "$dir" && pwd)
  say "cloud: data in $dir"
fi

# PostgreSQL refuses to run as root.
as_user=''
database_user=$(id -un)
if [ "$(id -u)" = 0 ]; then
  database_user=postgres
  as_user="setpriv --reuid=postgres --regid=postgres --clear-groups"
  chmod go+x "$dir"
fi

# The fixed ports when they are free and may be used, else any free ones (held together while choosing, so
# that they differ). Not of those that the system gives to outgoing connections: a replica binds its port a minute later.
ports=$(FREE_PORTS=$free_ports python3 - $wished 8792 8793 8794 <<'EOF'
import os, random, socket, sys
held = []
for wish in sys.argv[1:]:
    tries = [] if os.environ.get("FREE_PORTS") else [int(wish)]
    for port in tries + random.sample(range(18000, 32000), 500):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            s.listen(1)
        except OSError:
            s.close()
            continue
        held.append(s)
        break
print(*[s.getsockname()[1] for s in held])
EOF
)
set -- $ports
fhir_port=$1 dicom_port=$2 database_port=$3 second_port=$4 front_port=$5

# --- the parts ---------------------------------------------------------------------

database_pid='' fhir_pid='' second_pid='' dicom_pid='' front_pid=''

# Asks a part to end, and waits for it.
stop_part () {
  [ -n "$2" ] || return 0
  kill -s "$1" "$2" 2>/dev/null || true
  n=0
  while kill -0 "$2" 2>/dev/null; do
    n=$((n + 1))
    [ $n -lt 100 ] || { kill -s KILL "$2" 2>/dev/null || true; break; }
    sleep 0.2
  done
  wait "$2" 2>/dev/null || true
}

finish () {
  trap '' INT TERM HUP
  trap - EXIT
  stop_part TERM "$front_pid"
  [ -z "$second_pid" ] || kill -s TERM "$second_pid" 2>/dev/null || true
  stop_part TERM "$fhir_pid"
  stop_part TERM "$second_pid"
  stop_part TERM "$dicom_pid"
  stop_part INT "$database_pid"
  [ -z "$ports_file" ] || rm -f "$ports_file"
  [ -z "$own_dir" ] || rm -rf "$dir"
  exit "$1"
}
trap 'finish 0' INT TERM HUP
trap 'finish $?' EXIT

# A part gets a session of its own, so that Ctrl+C reaches this script alone, and ends with the script
# however that ends.
start_part () { log=$1; shift; setsid "$@" >>"$log" 2>&1 </dev/null & }

password_file=$dir/database-password
if [ ! -f "$dir/postgres/PG_VERSION" ]; then
  rm -rf "$dir/postgres"
  (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$password_file")
  mkdir -p -m 700 "$dir/postgres"
  [ -z "$as_user" ] || chown postgres "$dir/postgres" "$password_file"
  (cd / && $as_user "$postgres_bin/initdb" -D "$dir/postgres" -U "$database_user" --auth=scram-sha-256 \
    --pwfile="$password_file" -E UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1) ||
    { tail -n 3 "$dir/initdb.log" >&2; die "initdb failed, see $dir/initdb.log"; }
fi
password=$(cat "$password_file")

# Of a test of replicas what was acknowledged is on disk, as data/cloud has it.
commit=off
[ -z "$replicas" ] || commit=on
start_database () {
  start_part "$dir/postgres.log" ${as_user:-setpriv} --pdeathsig INT "$postgres_bin/postgres" \
    -D "$dir/postgres" -p "$database_port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c shared_buffers=128MB -c "synchronous_commit=$commit" -c max_wal_size=1GB
  database_pid=$!
  echo "$database_pid" >"$dir/database.pid"
}
start_database

answers () {
  python3 -c 'import sys, urllib.request as r
r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=20).read()' "$1"
}
alive () { # part, pid, log
  kill -0 "$2" 2>/dev/null || { tail -n 5 "$3" >&2; die "$1 ended, see $3"; }
}
# Waits until a command succeeds; the parts must live meanwhile.
wait_for () { # part, pid, log, seconds, command…
  part=$1 pid=$2 log=$3 left=$(($4 * 2)); shift 4
  until "$@" >/dev/null 2>&1; do
    alive "$part" "$pid" "$log"
    left=$((left - 1))
    [ $left -gt 0 ] || die "$part does not answer, see $log"
    sleep 0.5 & wait $! || true
  done
}
wait_for PostgreSQL "$database_pid" "$dir/postgres.log" 60 \
  "$postgres_bin/pg_isready" -q -h 127.0.0.1 -p "$database_port"

fhir_database=postgres fhir_role=$database_user fhir_password=$password
if [ -z "$replicas" ]; then
  cat >"$dir/orthanc.json" <<EOF
{
  "Name": "Rounds test cloud",
  "StorageDirectory": "$dir/orthanc",
  "IndexDirectory": "$dir/orthanc",
  "Plugins": ["$dicomweb_plugin"],
  "HttpPort": $dicom_port,
  "DicomServerEnabled": false,
  "RemoteAccessAllowed": false,
  "AuthenticationEnabled": false,
  "OverwriteInstances": false,
  "HttpRequestTimeout": 60,
  "DicomWeb": {"Enable": true, "Root": "/dicom-web/", "EnableWado": false}
}
EOF
else
  # The recipe's own file; only where things lie on this machine is another matter.
  if [ ! -d "$dir/secrets" ]; then
    sh "$recipe/make-secrets.sh" "$dir/secrets" rounds
    SECRETS=$dir/secrets POSTGRES_USER=$database_user PGHOST=127.0.0.1 PGPORT=$database_port PGPASSWORD=$password \
      PATH=$postgres_bin:$PATH sh "$recipe/database/10-roles.sh" >>"$dir/initdb.log" 2>&1 ||
      { tail -n 3 "$dir/initdb.log" >&2; die "the roles could not be made, see $dir/initdb.log"; }
  fi
  fhir_database=fhir fhir_role=fhir fhir_password=$(cat "$dir/secrets/fhir-database-password")
  (umask 077; python3 - "$recipe/orthanc/orthanc.json" "$dir" "$dicom_port" "$database_port" \
      "$dicomweb_plugin" "$index_plugin" >"$dir/orthanc.json" <<'EOF'
import json, os, sys
file, folder, port, database_port, dicomweb, index = sys.argv[1:]
settings = json.load(open(file))
for section, values in json.load(open(folder + "/secrets/orthanc-secrets.json")).items():
    settings[section].update(values)
settings.update(HttpPort=int(port), RemoteAccessAllowed=False, StorageDirectory=folder + "/orthanc",
                IndexDirectory=folder + "/orthanc", Plugins=[p for p in (dicomweb, index) if p])
settings["PostgreSQL"].update(Host="127.0.0.1", Port=int(database_port))
del settings["AwsS3Storage"]   # Debian has no plugin for it
json.dump(settings, sys.stdout, indent=1)
EOF
  )
fi
start_images () {
  start_part "$dir/orthanc.log" setpriv --pdeathsig TERM env "LD_PRELOAD=$program/loopback.so" Orthanc "$dir/orthanc.json"
  dicom_pid=$!
  echo "$dicom_pid" >"$dir/images.pid"
}
start_images

# A hospital's server knows 146 types; what the tests send is of these, and a first sync asks for each type.
if [ -n "$replicas" ]; then
  export ROUNDS_CLOUD_TYPES="${ROUNDS_CLOUD_TYPES-AllergyIntolerance Basic CarePlan CareTeam Claim Condition \
DiagnosticReport Encounter ExplanationOfBenefit ImagingStudy Immunization MedicationRequest Observation Organization \
Patient Practitioner Procedure}"
fi
start_fhir () { # port, schema, log
  ROUNDS_CLOUD_PORT=$1 ROUNDS_CLOUD_SCHEMA=$2 ROUNDS_CLOUD_USER=$fhir_role ROUNDS_CLOUD_PASSWORD=$fhir_password \
  ROUNDS_CLOUD_DATABASE="jdbc:postgresql://127.0.0.1:$database_port/$fhir_database" \
  start_part "$3" setpriv --pdeathsig TERM java -Xmx1200m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -Djava.awt.headless=true -jar "$program/app/rounds-cloud.jar"
}
start_fhir "$fhir_port" update "$dir/hapi.log"
fhir_pid=$!

fhir=http://127.0.0.1:$fhir_port/fhir
dicom=http://127.0.0.1:$dicom_port/dicom-web
rest=''

if [ -n "$replicas" ]; then
  # An authority of this run alone, and nginx with the recipe's own file.
  (umask 077; cd "$dir" && exec >>"$dir/nginx.log" 2>&1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout ca-key.pem -out ca.pem \
      -subj '/CN=Rounds test authority' -addext basicConstraints=critical,CA:TRUE
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out request.pem \
      -subj '/CN=127.0.0.1'
    printf 'subjectAltName=IP:127.0.0.1\n' >extensions
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -extfile extensions \
      -out certificate.pem)
  sed -e "s|fhir-1:8080|127.0.0.1:$fhir_port|; s|fhir-2:8080|127.0.0.1:$second_port|; s|orthanc:8042|127.0.0.1:$dicom_port|" \
      -e "s|listen 8443|listen 127.0.0.1:$front_port|; s|/run/secrets/tls-certificate|$dir/certificate.pem|" \
      -e "s|/run/secrets/tls-key|$dir/key.pem|; s|/run/secrets/users|$dir/users|; s|/tmp/nginx|$dir/nginx|; s|fail_timeout=10s|fail_timeout=2s|" \
      "$recipe/nginx/nginx.conf" >"$dir/nginx.conf"
  # Workers are not root.
  cp "$dir/secrets/users" "$dir/users"
  chmod 644 "$dir/users"
  nginx -t -q -c "$dir/nginx.conf" 2>>"$dir/nginx.log" || { tail -n 3 "$dir/nginx.log" >&2; die "nginx refuses its file"; }
  start_part "$dir/nginx.log" setpriv --pdeathsig TERM nginx -c "$dir/nginx.conf" -g 'daemon off;'
  front_pid=$!
fi
wait_for Orthanc "$dicom_pid" "$dir/orthanc.log" 60 answers "$dicom/studies?limit=1"
wait_for "The FHIR server" "$fhir_pid" "$dir/hapi.log" 240 answers "$fhir/metadata"
if [ -n "$replicas" ]; then
  echo "$fhir_pid" >"$dir/replica-1.pid"
  # The second joins as soon as it can; until then nginx asks the first.
  start_fhir "$second_port" none "$dir/hapi-2.log"
  second_pid=$!
  echo "$second_pid" >"$dir/replica-2.pid"
  rest=" ca $dir/ca.pem user rounds password $dir/secrets/first-password replicas $fhir_port,$second_port"
  fhir=https://127.0.0.1:$front_port/fhir
  dicom=https://127.0.0.1:$front_port/dicom-web
fi

if [ -n "$ports_file" ]; then
  printf 'fhir=%s\ndicomweb=%s\ndir=%s\n' "$fhir" "$dicom" "$dir" >"$ports_file.new"
  mv "$ports_file.new" "$ports_file"
fi
printf 'ready: fhir %s dicomweb %s%s\n' "$fhir" "$dicom" "$rest"

while :; do
  sleep 1 & wait $! || true
  if [ -z "$replicas" ]; then
    alive PostgreSQL "$database_pid" "$dir/postgres.log"
    alive Orthanc "$dicom_pid" "$dir/orthanc.log"
    alive "The FHIR server" "$fhir_pid" "$dir/hapi.log"
    continue
  fi
  alive nginx "$front_pid" "$dir/nginx.log"
  kill -0 "$database_pid" 2>/dev/null || start_database
  kill -0 "$dicom_pid" 2>/dev/null || start_images
  if ! kill -0 "$fhir_pid" 2>/dev/null; then
    start_fhir "$fhir_port" none "$dir/hapi.log"
    fhir_pid=$!
    echo "$fhir_pid" >"$dir/replica-1.pid"
  fi
  if ! kill -0 "$second_pid" 2>/dev/null; then
    start_fhir "$second_port" none "$dir/hapi-2.log"
    second_pid=$!
    echo "$second_pid" >"$dir/replica-2.pid"
  fi
done
