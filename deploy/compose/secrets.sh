#!/bin/sh
# Makes what must not lie in a repository: a password for each server, and the
# settings that hold them. Once: what is there stays. Each file has mode 0600
# and belongs to the one who reads it; no value is ever printed.
set -eu
umask 077

# 192 random bits, in letters that need no quoting anywhere.
word() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# keep OWNER FILE writes standard input, whole or not at all.
keep() {
  cat >"$2.new"
  sync "$2.new"
  chown "$1" "$2.new"
  mv "$2.new" "$2"
}

cd /secrets
chmod 755 broker store # their servers go on as other users than they begin as
chown 65532:65532 server worker token token-worker
chown 472:0 grafana
chmod 700 server worker token token-worker grafana

for server in broker store; do
  [ -s $server/password ] || { word | keep 0:0 $server/password; echo "made the password of the $server"; }
done
[ -s grafana/password ] || { word | keep 472:0 grafana/password; echo "made the password of grafana"; }

broker=amqp://turno:$(cat broker/password)@broker:5672/
store="postgres://turno:$(cat store/password)@store:5432/turno?sslmode=disable"
printf 'broker: %s\nstore: "%s"\n' "$broker" "$store" | keep 65532:65532 server/config.yaml
printf 'broker: %s\n' "$broker" | keep 65532:65532 worker/config.yaml

turno grafana dashboard | keep 472:0 grafana/turno.json
