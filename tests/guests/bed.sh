# SPDX-License-Identifier: Apache-2.0
# Real QEMU guests under a libvirtd of their own on one of the small hosts of
# tests/lib/hosts.sh. Nothing of the machine's own libvirt is seen or touched: its folders are
# covered in the host's mount namespace. Software emulation, whether there is /dev/kvm or not.
# To be sourced by bash after hosts.sh; needs the packages of `scripts/deps run guest`.
#
#   bed_begin HOST               libvirtd, and the bridge vmbr0 for the guests
#   bed_guest HOST NAME N [KIND] defines and starts guest number N (1-250): address 10.77.0.N,
#                                MAC 52:54:00:77:00:NN, a 16 MiB disk, KIND linux (default,
#                                1 vCPU unless BED_VCPUS, 128 MiB, kernel words BED_APPEND) or
#                                idle (no operating system: costs no processor time)
#   bed_up HOST NAME             waits until a linux guest obeys its console
#   bed_say HOST NAME COMMAND... a command of tests/guests/guest-init
#   bed_virsh HOST ...           virsh of that libvirtd

bed_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Runs in the host: covers the folders of libvirt. A folder that is not there is put on a layer
# above its parent, so that nothing is created on the machine.
bed_cover='
for path in /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
    layer=$1/${path//\//_}
    mkdir -p "$layer" "$1/work$layer"
    if [ ! -d $path ]; then
        parent=$(dirname $path)
        mkdir -p "$layer.up" "$layer.work"
        mount -t overlay -o "lowerdir=$parent,upperdir=$layer.up,workdir=$layer.work" \
            overlay $parent || exit 1
        mkdir -p $path
    fi
    mount --bind "$layer" $path || exit 1
done
mkdir -p /run/libvirt
# libvirt looks for these names even if its configuration gives others.
for file in passwd group; do
    cp /etc/$file "$1/$file"
    mount --bind "$1/$file" /etc/$file || exit 1
done
getent passwd libvirt-qemu > /dev/null ||
    echo "libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin" >> "$1/passwd"
getent group libvirt-qemu > /dev/null || echo "libvirt-qemu:x:64055:" >> "$1/group"
getent group kvm > /dev/null || echo "kvm:x:64056:" >> "$1/group"
cat > /etc/libvirt/qemu.conf <<END
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
stdio_handler = "file"
remember_owner = 0
END
cat > /etc/libvirt/libvirtd.conf <<END
auth_unix_ro = "none"
auth_unix_rw = "none"
log_level = 3
END
'

bed_begin() { # HOST
    local host=$1 dir=$HOSTS_DIR/$1
    BED_CACHE=$("$bed_here/mkimage.sh") || return 1
    mkdir -p "$dir/libvirt" "$dir/guests"
    host_in "$host" bash -c "$bed_cover" bed "$dir/libvirt" || return 1
    host_in "$host" ip link add vmbr0 type bridge mcast_snooping 0 stp_state 0
    host_in "$host" ip link set vmbr0 up
    host_start "$host" libvirtd libvirtd --config /etc/libvirt/libvirtd.conf || return 1
    wait_for 20 bed_virsh "$host" version > /dev/null 2>&1 || {
        echo "libvirtd of $host does not answer: $(tail -n 5 "$dir/libvirtd.log")" >&2
        return 1
    }
}

bed_virsh() { # HOST ARGUMENTS...
    local host=$1
    shift
    host_in "$host" timeout 30 virsh -q -c qemu:///system "$@"
}

bed_xml() { # HOST NAME N KIND
    local guests=$HOSTS_DIR/$1/guests mac boot memory=128 devices=
    mac=$(printf '52:54:00:77:00:%02x' "$3")
    if [ "$4" = idle ]; then
        memory=16
        boot="<loader readonly='yes' type='rom'>$BED_CACHE/idle.rom</loader>"
    else
        boot="<kernel>$BED_CACHE/vmlinuz</kernel><initrd>$BED_CACHE/initrd.gz</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 mitigations=off guest.ip=10.77.0.$3 ${BED_APPEND-}</cmdline>"
        devices="<serial type='unix'><source mode='bind' path='$guests/$2.sock'/>
      <log file='$guests/$2.console' append='off'/></serial>"
    fi
    cat << END
<domain type='qemu'>
  <name>$2</name>
  <memory unit='MiB'>$memory</memory>
  <vcpu>${BED_VCPUS:-1}</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type>$boot</os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='writethrough'/>
      <source file='$guests/$2.img'/><target dev='vda' bus='virtio'/>
    </disk>
    <interface type='bridge'>
      <mac address='$mac'/><source bridge='vmbr0'/>
      <target dev='vif$3'/><model type='virtio'/><rom enabled='no'/>
    </interface>
    <memballoon model='none'/>
    $devices
  </devices>
</domain>
END
}

bed_guest() { # HOST NAME N [KIND]
    local guests=$HOSTS_DIR/$1/guests
    truncate -s 16M "$guests/$2.img"
    bed_xml "$1" "$2" "$3" "${4:-linux}" > "$guests/$2.xml"
    bed_virsh "$1" create "$guests/$2.xml" > /dev/null
}

bed_up() { # HOST NAME
    wait_for 60 grep -q '^@0 up' "$HOSTS_DIR/$1/guests/$2.console" || {
        echo "guest $2 does not come up: $(tail -n 3 "$HOSTS_DIR/$1/guests/$2.console")" >&2
        return 1
    }
}

bed_say() { # HOST NAME COMMAND...
    local socket=$HOSTS_DIR/$1/guests/$2.sock
    shift 2
    "$bed_here/say.py" "$socket" "${BED_SECONDS:-60}" "$@"
}
