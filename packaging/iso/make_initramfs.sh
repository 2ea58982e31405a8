#!/usr/bin/env bash
# make_initramfs.sh ROOT ID OUT: an initramfs for the kernel in ROOT: a static busybox, initramfs/init, and the drivers of what a boot
# medium may be: disks, CDs and USB sticks, on real and virtual machines. What reads it is slow (firmware), so it holds nothing more.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(readlink -f "$1") id=$2 out=$3

modules=$(echo "$root"/lib/modules/*)
version=$(basename "$modules")
drivers='drivers/(ata|nvme|mmc|virtio|hv|cdrom|message|ufs|usb/(host|storage|common|core)|xen)|drivers/block/(loop|virtio_blk|xen-blkfront)'
drivers+='|drivers/scsi/(s[dr]_mod|hv_storvsc|virtio_scsi|vmw_pvscsi|xen-scsifront|hpsa|smartpqi|aacraid|megaraid/|mpt3sas/|mpi3mr/)'
drivers+='|drivers/pci/controller/vmd|fs/(isofs|squashfs|overlayfs)'

tree=$root/run/initramfs  # its own programs pack it
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bin,dev,proc,sys,run,lib/modules/"$version"}
cp "$here/initramfs/init" "$tree/init"
echo "$id" >"$tree/image-id"
mkdir "$tree/etc"
echo 'options usb_storage delay_use=0' >"$tree/etc/modprobe.conf"  # init looks until the medium is there: no pause before its first answer
cp "$root/bin/busybox" "$tree/bin/busybox"
for name in sh cat cmp find mkdir modprobe mount mv sleep sort switch_root umount; do
  ln -s busybox "$tree/bin/$name"
done
# modules.dep: each module, and all that it needs
(cd "$modules" && awk -F'[: ]+' -v wanted="^kernel/($drivers)" '$1 ~ wanted' modules.dep | tr -s ': ' '\n' | sort -u |
  xargs cp --parents -t "$tree/lib/modules/$version")
cp "$modules"/modules.{builtin,builtin.modinfo,order} "$tree/lib/modules/$version"
chroot "$root" depmod -b /run/initramfs "$version"
rm "$tree/lib/modules/$version"/*.bin  # kmod's; busybox reads the texts
chroot "$root" sh -c 'cd /run/initramfs && find . -print0 | sort -z | cpio --null --create --format=newc --owner=0:0 --quiet |
  zstd -q -19 -T0' >"$out"
