# shellcheck shell=bash
# The default corpus: prose of Debian's PostgreSQL manual, fetched as a package
# that is not installed. Sourced; the caller has set TESSERA_ROOT and sourced
# packages.sh and model.sh of tools/setup.
#
# Whatever version the distribution has: its text moves, so no sum is checked
# beyond apt's own.

# Debian 12's and Ubuntu 24.04's.
CORPUS_PACKAGES=(postgresql-doc-15 postgresql-doc-16)

# Where documents.jsonl and text.txt are, after fetch_corpus.
corpus_folder() {
  printf '%s\n' "$(tessera_home)/corpus/postgresql-doc"
}

# _download_package DIR: one of CORPUS_PACKAGES into DIR.
_download_package() {
  local package
  for package in "${CORPUS_PACKAGES[@]}"; do
    # Root's apt-get would rather download as another user, who can't write here.
    if (cd "$1" && apt-get -q -o APT::Sandbox::User=root download "${package}") \
      </dev/null >&2; then
      return 0
    fi
  done
  return 1
}

# _make_corpus FOLDER: FOLDER/corpus is complete when this returns 0.
_make_corpus() {
  local folder=$1 package
  mkdir -p "${folder}/package" || return
  if ! _download_package "${folder}/package" 2>"${folder}/log"; then
    # The lists of packages are missing or old.
    _as_root apt-get -q update </dev/null >&2 || true
    _download_package "${folder}/package" || return
  fi
  for package in "${folder}/package"/*.deb; do
    dpkg -x "${package}" "${folder}/files" || return
  done
  python3 "${TESSERA_ROOT}/tools/corpus/extract_prose.py" \
    "${folder}"/files/usr/share/doc/postgresql-doc-*/html "${folder}/corpus"
}

# fetch_corpus: the corpus is there when this returns 0. It gets its name only
# complete, and is made again when the extraction changes.
fetch_corpus() {
  local folder parent version
  folder=$(corpus_folder)
  parent=$(dirname "${folder}")
  version=$(sha256sum <"${TESSERA_ROOT}/tools/corpus/extract_prose.py") || return
  if [[ -f ${folder}/version && "$(<"${folder}/version")" == "${version}" ]]; then
    return 0
  fi
  mkdir -p "${parent}" || return
  (
    flock 9 || exit # a second run waits here, and then finds the work done
    if [[ -f ${folder}/version && "$(<"${folder}/version")" == "${version}" ]]; then
      exit 0
    fi
    echo 'tessera: fetching the corpus (2 MB, Debian package postgresql-doc)' >&2
    rm -rf "${parent}"/.fetch.*
    _make_corpus "${parent}/.fetch.work" || exit
    printf '%s\n' "${version}" >"${parent}/.fetch.work/corpus/version" &&
      rm -rf "${folder}" && mv "${parent}/.fetch.work/corpus" "${folder}" &&
      rm -rf "${parent}/.fetch.work"
  ) 9>"${parent}/.lock"
}
