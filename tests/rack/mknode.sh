#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the root file system of a rack node: mknode.sh OUT.cpio KERNEL-FOLDER PROGRAM...
# busybox, the programs with the libraries they load, virtio modules, node-init. Not compressed:
# unpacking costs more than reading under emulation.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1 kernel=$2
shift 2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{bin,etc,lib/order.d,lib64,usr/bin}
cp "$(command -v busybox)" "$root/bin/busybox"
install -m 755 "$here/node-init" "$root/init"
cp /etc/passwd /etc/group /etc/nsswitch.conf "$root/etc/"
for program in "$@"; do
    install -s -m 755 "$program" "$root/usr/bin/"
    ldd "$program" | grep -o '/[^ ]*'
done | sort -u | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
version=$(cat "$kernel/version")
for module in virtio_pci virtio_net; do
    modprobe -d "$kernel" -S "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
    while read -r file; do
        cp "$file" "$root/lib/order.d/"
        basename "$file" >> "$root/lib/order"
    done
(cd "$root" && find . | cpio -o -H newc --quiet) > "$out"
