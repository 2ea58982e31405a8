#!/usr/bin/env bash
# build_iso.sh PACKAGE.deb: build/iso/gridmail.iso, a manifest of its Debian packages, and checksums of both. As root.
# Debian with our package in a squashfs that runs live (initramfs/init), behind GRUB for BIOS and UEFI, on CD and USB.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

package=$(readlink -f "${1:?usage: build_iso.sh PACKAGE.deb}")
out=$PWD/build/iso
base=$out/base       # Debian alone, kept for the next run
root=$out/root       # an overlay over it: the machine
tree=$out/tree       # what the image holds
packages=(linux-image-amd64 busybox-static udev dbus systemd-sysv systemd-timesyncd systemd-resolved iproute2 nftables kmod e2fsprogs fdisk
  openssh-server ca-certificates less nano-tiny python3-minimal libpython3-stdlib zstd)
# Each costs time at the start, and the machine has no use for it: its own console, no users who log in, nothing to update in place.
unwanted=(getty@tty1 getty-static serial-getty@ttyS0 systemd-user-sessions systemd-ask-password-console.path
  systemd-ask-password-wall.path remote-fs.target apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
  e2scrub_reap proc-sys-fs-binfmt_misc.automount systemd-binfmt systemd-pstore systemd-sysusers systemd-update-utmp
  systemd-update-utmp-runlevel systemd-machine-id-commit systemd-firstboot systemd-journal-flush systemd-random-seed
  dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount
  sys-kernel-tracing.mount modprobe@configfs modprobe@fuse modprobe@drm modprobe@efi_pstore modprobe@dm_mod
  modprobe@loop systemd-repart systemd-network-generator systemd-modules-load systemd-remount-fs)
# Drivers that a node has no use for, and that each start would load: below kernel/. The screen is the firmware's.
no_drivers=(sound drivers/{gpu,media,net/wireless,net/can,bluetooth,parport,char/ppdev.ko,input/mouse,input/joystick,input/misc,iio,staging,
  comedi,firewire,pcmcia,isdn,nfc} net/{wireless,mac80211,bluetooth,nfc,can} arch/x86/kvm virt)
# Fixed, since the data disk outlives the image that wrote it.
node_uid=742

repository() {  # SUITE: where this machine has it from
  apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v suite="$1" '$1 == suite && $2 == "main" { print $3; exit }'
}
mirror=$(repository bookworm)
security=$(repository bookworm-security)

in_chroot() {  # FOLDER COMMAND...
  DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 chroot "$@"
}

make_base() {
  rm -rf "$base"
  mkdir -p "$base"
  debootstrap --variant=minbase --include=systemd,systemd-sysv bookworm "$base" "$mirror"
  cp --remove-destination /etc/resolv.conf "$base/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$base/usr/sbin/policy-rc.d"
  chmod 755 "$base/usr/sbin/policy-rc.d"
  in_chroot "$base" useradd --system --uid "$node_uid" --user-group --home-dir /var/lib/gridmail --shell /usr/sbin/nologin gridmail
  echo "deb $mirror bookworm main" >"$base/etc/apt/sources.list"
  echo "deb ${security:?this machine has no bookworm-security} bookworm-security main" >>"$base/etc/apt/sources.list"
  in_chroot "$base" apt-get -qq update
  in_chroot "$base" apt-get -qq -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io install "${packages[@]}"
  cp --remove-destination /etc/resolv.conf "$base/etc/resolv.conf"  # systemd-resolved put its own there
  cp "$package" "$base/gridmail.deb"
  in_chroot "$base" apt-get -qq -y --no-install-recommends --download-only install /gridmail.deb
  rm "$base/gridmail.deb"
}

upgrade_base() {  # its kernel as well: an image lives long, and cannot be mended in place
  in_chroot "$base" apt-get -qq update
  in_chroot "$base" apt-get -qq -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io dist-upgrade
  in_chroot "$base" apt-get -qq -y --purge autoremove
}

make_machine() {
  cp "$package" "$root/gridmail.deb"
  in_chroot "$root" apt-get -qq -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io install /gridmail.deb
  rm "$root/gridmail.deb"
  cp -rT --no-preserve=ownership packaging/iso/machine "$root"
  in_chroot "$root" python3 -m compileall -q /usr/lib/gridmail
  in_chroot "$root" systemctl -q enable systemd-networkd systemd-resolved systemd-timesyncd nftables gridmail-machine gridmail-first-boot \
    gridmail-console@tty1 gridmail-console@ttyS0
  in_chroot "$root" systemctl -q disable ssh
  in_chroot "$root" systemctl -q mask "${unwanted[@]}"
  local modules
  modules=$(echo "$root"/usr/lib/modules/*)
  (cd "$modules/kernel" && rm -rf "${no_drivers[@]}")
  in_chroot "$root" depmod "$(basename "$modules")"
  rm "$root"/usr/sbin/policy-rc.d "$root"/etc/ssh/ssh_host_*
  rm "$root/etc/fstab" "$root/var/lib/dbus/machine-id"
  : >"$root/etc/machine-id"  # each machine makes its own
  echo gridmail >"$root/etc/hostname"
  ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
}

make_image() {
  rm -rf "$tree"
  mkdir -p "$tree/live" "$tree/boot/grub"
  cp "$(ls "$root"/boot/vmlinuz-* | tail -1)" "$tree/live/vmlinuz"
  id=$(cat /proc/sys/kernel/random/uuid)
  echo "$id" >"$tree/live/image-id"
  packaging/iso/make_initramfs.sh "$root" "$id" "$tree/live/initramfs"
  mksquashfs "$root" "$tree/live/filesystem.squashfs" -noappend -no-progress -comp lz4 -Xhc -e boot initrd.img\* vmlinuz\* \
    var/cache/apt var/lib/apt/lists usr/share/doc usr/share/man usr/share/locale
  cp packaging/iso/grub.cfg "$tree/boot/grub/grub.cfg"
  grub-mkrescue --output "$out/gridmail.iso" "$tree" -volid GRIDMAIL
}

finish() {  # what went wrong is shown
  local status=$?
  [ "$status" = 0 ] || tail -30 "$out/build.log" >&3
  mountpoint -q "$root" && umount "$root"
  rm -rf "$out/upper" "$out/work" "$tree"
}

mkdir -p "$root"
exec 3>&2 4>&1 >"$out/build.log" 2>&1
trap finish EXIT
stamp="${packages[*]} security"
if [ "$(cat "$out/base.stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -f "$out/base.stamp"
  make_base
  echo "$stamp" >"$out/base.stamp"
fi
upgrade_base
rm -rf "$out/upper" "$out/work"
mkdir -p "$out/upper" "$out/work"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$out/upper,workdir=$out/work" "$root"
make_machine
make_image
in_chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' >"$out/gridmail.manifest"
(cd "$out" && sha256sum gridmail.iso gridmail.manifest >gridmail.sha256)
ls -l "$out/gridmail.iso" >&4
