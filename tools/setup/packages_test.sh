#!/usr/bin/env bash
# What packages.sh asks of dpkg and apt-get, which stand-ins answer here.
set -euo pipefail
TESSERA_ROOT=${PWD}
# shellcheck source=tools/setup/packages.sh
source tools/setup/packages.sh

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

# Stand-ins: everything is installed but what `absent` names, one word each.
scratch=$(mktemp -d)
mkdir "${scratch}/bin"
export PATH="${scratch}/bin:${PATH}" absent="${scratch}/absent" log="${scratch}/log"
: >"${absent}"
cat >"${scratch}/bin/dpkg-query" <<'SH'
#!/bin/bash
shift 3 # -W -f FORMAT
for package in "$@"; do
  state=$(sed -n "s/^${package} //p" "${absent}")
  [ "${state}" = none ] || echo "${state:-installed} ${package}"
done
SH
for command in apt-get dpkg; do
  cat >"${scratch}/bin/${command}" <<'SH'
#!/bin/sh
echo "$(basename "$0") $*" >>"${log}"
SH
done
chmod +x "${scratch}"/bin/*
_as_root() { "$@"; }

# Libraries come from repositories.bzl, tools from packages.txt, by group.
to_build=$(packages_needed build)
for package in bazel-bootstrap libabsl-dev libgrpc++-dev protobuf-compiler python3; do
  grep -qx "${package}" <<<"${to_build}" || fail "${package} is not needed to build"
done
grep -qx shellcheck <<<"${to_build}" && fail 'shellcheck is not needed to build'
packages_needed test | grep -qx shellcheck || fail 'shellcheck is needed to test'
grep -q '[^-a-z0-9+.]' <<<"${to_build}" && fail "no package names: ${to_build}"

# Nothing missing: nothing done, nothing said.
[[ -z $(install_packages build test 2>&1) ]] || fail 'says something'
[[ ! -e ${log} ]] || fail 'calls apt-get for nothing'

# Missing, or left unpacked by an interrupted run: mended, named, installed.
printf 'shellcheck none\nlibabsl-dev half-configured\n' >"${absent}"
said=$(install_packages build test 2>&1)
grep -q 'installing Debian packages: libabsl-dev shellcheck$' <<<"${said}" ||
  fail "does not say what it installs: ${said}"
[[ $(head -n 1 "${log}") == 'dpkg --configure -a' ]] || fail 'mends nothing first'
tail -n 1 "${log}" | grep -q 'install --no-install-recommends libabsl-dev shellcheck$' ||
  fail "installs something else: $(<"${log}")"

# A failing apt-get fails the set-up.
printf '#!/bin/sh\nexit 100\n' >"${scratch}/bin/apt-get"
if install_packages build 2>/dev/null; then
  fail 'hides the failure of apt-get'
fi
echo ok
