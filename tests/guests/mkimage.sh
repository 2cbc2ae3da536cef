#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes what the test guests boot, once, in a cache folder:
#   vmlinuz     Debian's cloud kernel, unpacked from its package (nothing is installed)
#   initrd.gz   busybox and tests/guests/guest-init
#   idle.rom    64 KiB of firmware that halts at once: guests that cost nothing
# Prints the folder. MVMP_CACHE names another place for it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "mkimage: $*" >&2
    exit 1
}

cache=${MVMP_CACHE:-/var/cache/mvmp-tests}
mkdir -p "$cache" 2> /dev/null && [ -w "$cache" ] || cache=$here/../../build-cache
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
exec 9> "$cache/.lock"
flock 9

# The kernel's package unpacked in $cache/kernel; its version in $cache/kernel/version.
fetch_kernel() {
    local package work
    [ "$(dpkg --print-architecture)" = amd64 ] || die "the guests are amd64 only"
    work=$(mktemp -d "$cache/fetch.XXXXXX")
    for _ in 1 2; do
        package=$(apt-cache depends linux-image-cloud-amd64 2> /dev/null |
            sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -n 1)
        [ -z "$package" ] || (cd "$work" && apt-get download -q "$package" > log 2>&1) && break
        package=
        apt-get update -q > /dev/null 2>&1 || :
    done
    [ -n "$package" ] || die "apt cannot download linux-image-cloud-amd64: $(cat "$work/log" 2>&1)"
    dpkg-deb -x "$work"/linux-image-*.deb "$work/root"
    basename "$work"/root/lib/modules/* > "$work/root/version"
    depmod -b "$work/root" "$(cat "$work/root/version")"
    rm -rf "$cache/kernel"
    mv "$work/root" "$cache/kernel"
    rm -rf "$work"
}

[ -s "$cache/kernel/version" ] || fetch_kernel
version=$(cat "$cache/kernel/version")
busybox=$(command -v busybox)

stamp=$(cat "$here/guest-init" "$0" "$cache/kernel/version" "$busybox" | sha256sum)
if [ "$stamp" != "$(cat "$cache/stamp" 2> /dev/null)" ]; then
    root=$(mktemp -d "$cache/root.XXXXXX")
    trap 'rm -rf "$root"' EXIT
    mkdir -p "$root"/{bin,lib,proc,sys,dev}
    cp "$busybox" "$root/bin/busybox"
    install -m 755 "$here/guest-init" "$root/init"
    # Modules in the order in which they must be loaded.
    for module in virtio_pci virtio_blk virtio_net; do
        modprobe -d "$cache/kernel" -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
        while read -r file; do
            cp "$file" "$root/lib/"
            basename "$file" >> "$root/lib/order"
        done
    (cd "$root" && find . | cpio -o -H newc --quiet) | gzip -6 > "$cache/initrd.gz.new"
    mv "$cache/initrd.gz.new" "$cache/initrd.gz"
    cp "$cache/kernel/boot/vmlinuz-$version" "$cache/vmlinuz"
    # The reset vector, 16 bytes before the end: cli; hlt; jmp to hlt. All the rest: hlt.
    {
        head -c 65520 /dev/zero | tr '\0' '\364'
        printf '\372\364\353\375'
        head -c 12 /dev/zero | tr '\0' '\364'
    } > "$cache/idle.rom"
    echo "$stamp" > "$cache/stamp"
fi
echo "$cache"
