#!/usr/bin/env bash
# The page's modules that touch no page, under Node where that is installed.
set -euo pipefail
if ! command -v node >/dev/null; then
  echo 'skipped: node is not installed'
  exit 0
fi
# Node takes .js for modules where a package.json says so.
folder=$(mktemp -d)
trap 'rm -rf "${folder}"' EXIT
cp -L services/gateway/playground/*.js services/gateway/playground/modules_test.mjs "${folder}"
echo '{"type": "module"}' >"${folder}/package.json"
node --test "${folder}/modules_test.mjs"
