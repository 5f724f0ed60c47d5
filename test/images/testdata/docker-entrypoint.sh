#!/bin/sh
# Does what the entry points of the official images of RabbitMQ and PostgreSQL
# do, as far as deploy/compose counts on it: begins as root, makes the data
# folder, and goes on as the server's own user.
set -eu

case "$1" in
rabbitmq-server)
  chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
  export HOME=/var/lib/rabbitmq RABBITMQ_LOGS=-
  exec setpriv --reuid rabbitmq --regid rabbitmq --init-groups /usr/lib/rabbitmq/bin/rabbitmq-server
  ;;
postgres)
  bin=$(ls -d /usr/lib/postgresql/*/bin)
  if [ "$(id -u)" = 0 ]; then
    if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
      POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
      export POSTGRES_PASSWORD
      unset POSTGRES_PASSWORD_FILE
    fi
    mkdir -p "$PGDATA" /var/run/postgresql
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    chmod 700 "$PGDATA"
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
  fi
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s' "$POSTGRES_PASSWORD" >/tmp/pwfile
    "$bin/initdb" -D "$PGDATA" -U "$POSTGRES_USER" --pwfile=/tmp/pwfile --auth=scram-sha-256 -E UTF8 --locale=C.UTF-8
    rm /tmp/pwfile
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
    echo "create database $POSTGRES_DB" | PGOPTIONS= "$bin/postgres" --single -D "$PGDATA" template1
  fi
  exec "$bin/postgres" -D "$PGDATA"
  ;;
*)
  exec "$@"
  ;;
esac
