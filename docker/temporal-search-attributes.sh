#!/bin/sh
# Registers the product's search attributes. All are optional: workers use those that they find registered.
set -eu
known="$(temporal operator search-attribute list -n "$TEMPORAL_NAMESPACE" --address "$TEMPORAL_ADDRESS")"
for entry in MasgptKind:Keyword MasgptState:Keyword MasgptTenant:Keyword MasgptSimulated:Keyword \
  MasgptCause:Keyword MasgptRecipe:Keyword MasgptStep:Int; do
  name="${entry%%:*}"
  case "$known" in
    *"$name"*) ;;
    *) temporal operator search-attribute create -n "$TEMPORAL_NAMESPACE" --address "$TEMPORAL_ADDRESS" --name "$name" --type "${entry##*:}" ;;
  esac
done
