# shellcheck shell=bash
# Calls of Bazel. Sourced; the caller has set TESSERA_ROOT and sourced model.sh.

# run_bazel COMMAND ARGUMENT...: Bazel with what the scripts add to .bazelrc.
run_bazel() {
  local command=$1 home options=()
  shift
  home=$(tessera_home)
  # Objects outlive `bazel clean` and are shared by all checkouts.
  if ! grep -qs disk_cache "${TESSERA_ROOT}/user.bazelrc"; then
    options+=("--disk_cache=${home}/bazel")
  fi
  # @default_model looks again when this changes.
  if [[ -e ${home}/models/default.gguf ]]; then
    options+=("--repo_env=TESSERA_MODEL=${home}/models/default.gguf")
  fi
  # Tests that need outside judges are skipped without (tools/judges).
  if [[ ${command} == test && -x ${home}/judges/bin/python3 ]]; then
    options+=("--test_env=TESSERA_JUDGES=${home}/judges")
  fi
  if [[ ! -t 2 ]]; then
    options+=(--color=no --curses=no --show_progress_rate_limit=30)
  fi
  (cd "${TESSERA_ROOT}" && bazel "${command}" "${options[@]}" "$@")
}
