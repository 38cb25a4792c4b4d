#!/bin/sh
# Registers the product's search attributes. All are optional: workers use those that they find registered.
set -eu
known="$(temporal operator search-attribute list -n "$TEMPORAL_NAMESPACE" --address "$TEMPORAL_ADDRESS")"
for name in MasgptKind MasgptState MasgptTenant MasgptSimulated; do
  case "$known" in
    *"$name"*) ;;
    *) temporal operator search-attribute create -n "$TEMPORAL_NAMESPACE" --address "$TEMPORAL_ADDRESS" --name "$name" --type Keyword ;;
  esac
done
