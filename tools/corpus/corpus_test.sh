#!/usr/bin/env bash
# fetch_corpus with a stand-in for apt-get: made once, complete, again when the
# extraction changes.
set -euo pipefail
TESSERA_ROOT=${PWD}
# shellcheck source=tools/setup/packages.sh
source tools/setup/packages.sh
# shellcheck source=tools/setup/model.sh
source tools/setup/model.sh
# shellcheck source=tools/corpus/corpus.sh
source tools/corpus/corpus.sh

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

scratch=$(mktemp -d)
export scratch
export TESSERA_HOME="${scratch}/home with a space"
folder=$(corpus_folder)

# The package: one page that is long enough, one that is not.
html=${scratch}/package/usr/share/doc/postgresql-doc-16/html
mkdir -p "${html}" "${scratch}/package/DEBIAN"
printf 'Package: postgresql-doc-16\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' \
  >"${scratch}/package/DEBIAN/control"
{
  echo '<html><body><p>A tiger is no table.</p>'
  printf '<p>More words, %s of them.</p>' {1..30}
  echo '</body></html>'
} >"${html}/tigers.html"
echo '<p>Short.</p>' >"${html}/stub.html"
dpkg-deb --build "${scratch}/package" "${scratch}/postgresql-doc-16_1_all.deb" >/dev/null

# apt-get: knows the package after an update only, as on a fresh machine, and
# only that of the other distribution.
mkdir "${scratch}/bin"
cat >"${scratch}/bin/apt-get" <<'SH'
#!/bin/bash
echo "${*: -1}" >>"${scratch}/log"
case "$*" in
  *update) touch "${scratch}/lists" ;;
  *download\ postgresql-doc-16) [[ -e ${scratch}/lists ]] && cp "${scratch}"/*.deb . ;;
  *) exit 100 ;;
esac
SH
chmod +x "${scratch}/bin/apt-get"
PATH=${scratch}/bin:${PATH}
_as_root() { "$@"; }

num_downloads() { grep -c postgresql-doc-16 "${scratch}/log"; }

fetch_corpus 2>/dev/null
[[ $(wc -l <"${folder}/documents.jsonl") == 1 ]] || fail 'not one document'
grep -q '"name": "tigers"' "${folder}/documents.jsonl" || fail 'no name'
head -n 1 "${folder}/text.txt" | grep -qx 'A tiger is no table.' || fail 'no text'
[[ -z $(find "${TESSERA_HOME}" -name '.fetch.*') ]] || fail 'left something behind'
[[ $(num_downloads) == 2 ]] || fail 'did not try, update, try again'

fetch_corpus 2>/dev/null
[[ $(num_downloads) == 2 ]] || fail 'fetched again'

# Made by another extraction, or half of one.
echo other >"${folder}/version"
rm "${folder}/text.txt"
fetch_corpus 2>/dev/null
[[ -s ${folder}/text.txt ]] || fail 'kept what another extraction made'

# Nothing to be had: says so by its status, and leaves no corpus.
rm -r "${folder}" "${scratch}/postgresql-doc-16_1_all.deb"
if (fetch_corpus) 2>/dev/null; then
  fail 'hides the failure of apt-get'
fi
[[ ! -e ${folder} ]] || fail 'left half a corpus'
echo ok
