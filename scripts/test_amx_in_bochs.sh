#!/usr/bin/env bash
# The tests of the AMX product on a machine that has AMX: the emulator Bochs boots Debian's kernel with these tests and nothing else.
#
#     bash scripts/test_amx_in_bochs.sh [FILTER]        # FILTER: which tests of bmae-kernels, default amx
#
# For Debian 12 with g++, make, patch, curl, xz and Rust. Everything else comes from Debian's mirror and stays in a folder: nothing is
# installed, root is not needed. BMAE_BOCHS names the folder, default target/bochs; what is there already is used again. The first
# run builds Bochs.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
filter=${1:-amx}
folder=${BMAE_BOCHS:-target/bochs}
mkdir -p "$folder"
folder=$(realpath "$folder")
mirror=http://deb.debian.org/debian

# Bochs, of Debian 13's sources: that of Debian 12 knows no AMX.
if [ ! -x "$folder/bochs/bochs" ]; then
    echo "building Bochs in $folder"
    sources=bochs_3.0+dfsg.orig.tar.xz
    curl -sSf -o "$folder/$sources" "$mirror/pool/main/b/bochs/$sources"
    echo "78f6c73d4a6472d5130a87ab9dc306d02c7c71ed8e25b3a8ef642e2a7acd282b  $folder/$sources" | sha256sum -c --quiet
    rm -rf "$folder/bochs" "$folder/bochs-3.0"
    tar -xf "$folder/$sources" -C "$folder"
    patch -s -p1 -d "$folder/bochs-3.0" <"$here/scripts/bochs_amx.patch"
    (
        cd "$folder/bochs-3.0"
        ./configure --with-nogui --enable-cpu-level=6 --enable-x86-64 --enable-all-optimizations --enable-avx --enable-evex --enable-amx \
            --enable-pci --enable-cdrom --disable-docbook CFLAGS=-O2 CXXFLAGS=-O2
        make -j "$(nproc)" bochs
    ) >"$folder/build.log" 2>&1 || { tail -20 "$folder/build.log" >&2; exit 1; }
    mv "$folder/bochs-3.0" "$folder/bochs"
fi

# Firmware, kernel, boot loader and shell.
root=$folder/root
if [ ! -d "$root/boot" ]; then
    kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p')
    mkdir -p "$folder/packages"
    (
        cd "$folder/packages"
        apt-get -qq download "$kernel" bochsbios vgabios busybox-static isolinux syslinux-common xorriso libisoburn1 libburn4 libisofs6 libjte2
        for package in *.deb; do dpkg -x "$package" "$root"; done
    ) 2>&1 | sed '/^W:/d'
fi

target=$(rustc -vV | sed -n 's/^host: //p')
tests=$(RUSTFLAGS="-C target-feature=+crt-static" cargo test --release --locked -p bmae-kernels --lib --no-run --target "$target" --message-format json-render-diagnostics |
    sed -n 's/.*"name":"bmae_kernels".*"executable":"\([^"]*\)".*/\1/p')

# What is booted: a shell script as the first process.
memory=$folder/initramfs disc=$folder/disc
rm -rf "$memory" "$disc"
mkdir -p "$memory/bin" "$memory/proc" "$disc/isolinux"
cp "$root/bin/busybox" "$memory/bin/"
for tool in sh mount grep sleep poweroff; do ln -s busybox "$memory/bin/$tool"; done
cp "$tests" "$memory/tests"
cat >"$memory/init" <<END
#!/bin/sh
mount -t proc proc /proc
echo "AMX of this machine:" \$(grep -m 1 flags /proc/cpuinfo | grep -o 'amx_[a-z0-9]*')
/tests $filter --test-threads=3
echo "the tests ended with \$?"
sleep 2
poweroff -f
END
chmod +x "$memory/init"
(cd "$memory" && find . | "$root/bin/busybox" cpio -o -H newc | gzip -1) >"$disc/isolinux/initrd.gz" 2>/dev/null
cp "$root"/boot/vmlinuz-* "$disc/isolinux/vmlinuz"
cp "$root/usr/lib/ISOLINUX/isolinux.bin" "$root/usr/lib/syslinux/modules/bios/ldlinux.c32" "$disc/isolinux/"
cat >"$disc/isolinux/isolinux.cfg" <<'END'
DEFAULT tests
LABEL tests
  KERNEL vmlinuz
  APPEND initrd=initrd.gz console=ttyS0 quiet mitigations=off nokaslr tsc=reliable random.trust_cpu=on
END
LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu "$root/usr/bin/xorriso" -as mkisofs -quiet -o "$folder/boot.iso" -b isolinux/isolinux.bin \
    -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$disc" 2>/dev/null

cat >"$folder/bochsrc" <<END
config_interface: textconfig
display_library: nogui
cpu: model=corei7_skylake_x, add_features="amx, amx_bf16", ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=1024, host=1024
romimage: file=$root/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=$root/usr/share/vgabios/vgabios.bin
ata0-master: type=cdrom, path=$folder/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$folder/console.txt
clock: sync=none
log: $folder/bochs.log
panic: action=fatal
END
: >"$folder/console.txt"
(cd "$folder" && exec ./bochs/bochs -q -f bochsrc) <<<c >"$folder/bochs.out" 2>&1 &
bochs=$!
trap 'kill $bochs 2>/dev/null || true' EXIT
# A machine that is switched off leaves Bochs running.
until grep -qs -e 'the tests ended with' -e 'Kernel panic' "$folder/console.txt" || ! kill -0 $bochs 2>/dev/null; do sleep 2; done
sed -n '/^AMX of this machine/,$p' "$folder/console.txt" | tr -d '\r'
if ! grep -q '^AMX of this machine:.*amx_bf16.*amx_tile' "$folder/console.txt"; then
    echo "the emulated machine did not start, or has no AMX: $folder/console.txt, $folder/bochs.log" >&2
    exit 1
fi
grep -q 'the tests ended with 0' "$folder/console.txt"
