#!/bin/sh
# Makes or updates Temporal's two databases; harmless when they are up to date.
set -eu
schema=/etc/temporal/schema/postgresql/v12
for pair in temporal:temporal temporal_visibility:visibility; do
  database="${pair%%:*}"
  tool() { temporal-sql-tool --plugin "$SQL_PLUGIN" --ep "$SQL_HOST" -p "$SQL_PORT" -u "$SQL_USER" --db "$database" "$@"; }
  tool create
  # Refused when it was done before: what counts is that the update passes.
  tool setup-schema -v 0.0 || true
  tool update-schema -d "$schema/${pair##*:}/versioned"
done
