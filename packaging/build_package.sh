#!/usr/bin/env bash
# build/package/gridmail_VERSION_ARCH.deb, with the programs in build/release as they are;
# fails on what lintian finds.
# debhelper wants debian/ at the top: it gets a tree of its own below build/package.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

version=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
out=$PWD/build/package
tree=$out/gridmail-$version
rm -rf "$tree"
mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- | tar -x -C "$tree"
cp -a "$tree/packaging/debian" "$tree/debian"
cd "$tree"
GRIDMAIL_BUILD=$out/../release DEB_BUILD_OPTIONS=${DEB_BUILD_OPTIONS-noautodbgsym} \
  dpkg-buildpackage --build=binary --unsigned-changes --no-check-builddeps >"$out/build.log" 2>&1 ||
  { tail -30 "$out/build.log" >&2; exit 1; }
zsh -n debian/generated/_gridmail
fish --no-execute debian/generated/gridmail.fish
cd "$out"
rm -rf "$tree"
package=$out/gridmail_${version}_$(dpkg --print-architecture)
lintian --allow-root --fail-on error,warning "$package.changes" >&2
ls "$package.deb"
