# shellcheck shell=bash
# Debian packages: which are needed, which are missing, installing them.
# Sourced; the caller has set TESSERA_ROOT to the top of the tree.

# packages_needed GROUP...: the packages of these groups of packages.txt; the
# group `build` brings the libraries of third_party/debian too.
packages_needed() {
  local group
  for group in "$@"; do
    sed -n "s/^${group} \([^ ]*\).*/\1/p" "${TESSERA_ROOT}/tools/setup/packages.txt"
    if [[ ${group} == build ]]; then
      # Every string in every `packages = [...]`, on however many lines.
      awk 'BEGIN { RS = "packages = \\[" }
           NR > 1 { sub(/\].*/, ""); gsub(/[",]/, " ")
                    for (i = 1; i <= NF; i++) print $i }' \
        "${TESSERA_ROOT}/third_party/debian/repositories.bzl"
    fi
  done | sort -u
}

# packages_missing GROUP...: those of them that are not fully installed. A
# package that an interrupted run left unpacked counts as missing.
packages_missing() {
  local needed
  mapfile -t needed < <(packages_needed "$@")
  comm -23 <(printf '%s\n' "${needed[@]}" | sort) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${needed[@]}" 2>/dev/null |
      sed -n 's/^installed //p' | sort -u)
}

# _as_root COMMAND...: runs it as root, by sudo where that is needed.
_as_root() {
  if [[ ${EUID} -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "tessera: not root, and there is no sudo. As root, run: $*" >&2
    return 1
  fi
}

# install_packages GROUP...: installs what is missing and says what that is.
install_packages() {
  if ! command -v dpkg-query apt-get >/dev/null; then
    echo "tessera: this is no Debian (12) or Ubuntu (24.04): no apt-get here" >&2
    return 1
  fi
  local missing
  mapfile -t missing < <(packages_missing "$@")
  if [[ ${#missing[@]} -eq 0 ]]; then
    return 0
  fi
  echo "tessera: installing Debian packages: ${missing[*]}" >&2
  local apt=(env DEBIAN_FRONTEND=noninteractive
    apt-get -q -y -o DPkg::Lock::Timeout=600)
  {
    # Finishes what an interrupted installation left half done: apt-get refuses
    # to work until that is mended.
    _as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a &&
      # An unreachable source among several is no reason to stop: what is
      # really lacking, apt-get install names.
      { _as_root "${apt[@]}" update || true; } &&
      _as_root "${apt[@]}" install --no-install-recommends "${missing[@]}"
  } </dev/null >&2
}
