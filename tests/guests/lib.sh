# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the guest tests share: a host `node` with libvirt, and a management host `mgmt`.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/test.sh"
. "$repo/tests/guests/bed.sh"
. "$repo/tests/guests/figures.sh"

node_begin() {
    test_begin
    cluster_member node node 0c:c4:7a:77:f9:af && cluster_member ada operator &&
        cluster_member agg1 aggregator a0:36:9f:20:58:c4 || exit 1
    host_new node && host_new mgmt && host_wire node eth1 0c:c4:7a:77:f9:af &&
        host_wire mgmt eth1 a0:36:9f:20:58:c4 && bed_begin node || exit 1
}

figures_mvctl() {
    mvctl_as mgmt ada -n node "$@"
}
