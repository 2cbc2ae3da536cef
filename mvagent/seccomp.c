/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OWN_ARCH AUDIT_ARCH_RISCV64
#endif

/* Classic BPF over struct seccomp_data (Documentation/userspace-api/seccomp_filter.rst):
 *
 *   another architecture than ours, or x32      -> EPERM
 *   clone3                                      -> ENOSYS (the C library then uses clone)
 *   clone that makes no thread                  -> EPERM
 *   socket of a family but AF_NETLINK           -> EPERM
 *   any call of the list                        -> EPERM
 *   all else                                    -> allowed
 */
static const int denied[] = {
	SYS_execve,
	SYS_execveat,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_fchdir,
	SYS_connect,
	SYS_setns,
	SYS_unshare,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_kexec_load,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_open_by_handle_at,
	SYS_name_to_handle_at,
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	SYS_userfaultfd,
	SYS_personality,
	SYS_reboot,
	SYS_swapon,
	SYS_swapoff,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_clock_adjtime,
	SYS_adjtimex,
	SYS_acct,
	SYS_quotactl,
	SYS_kill,
	SYS_tkill,
	SYS_sethostname,
	SYS_setdomainname,
	SYS_syslog,
	SYS_kcmp,
	SYS_mbind,
	SYS_migrate_pages,
	SYS_move_pages,
	SYS_process_madvise,
	SYS_pidfd_open,
	SYS_pidfd_send_signal,
	SYS_pidfd_getfd,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_open_tree,
	SYS_move_mount,
	SYS_fsopen,
	SYS_fsmount,
	SYS_setuid,
	SYS_setgid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setgroups,
	SYS_capset,
	SYS_setxattr,
	SYS_fsetxattr,
	SYS_mknodat,
	SYS_fchmodat,
	SYS_fchownat,
	SYS_fchown,
#ifdef SYS_fork
	SYS_fork,
	SYS_vfork,
	SYS_mknod,
	SYS_chmod,
	SYS_chown,
	SYS_lchown,
	SYS_ioperm,
	SYS_iopl,
	SYS_modify_ldt,
#endif
};

enum { DENIED = sizeof denied / sizeof denied[0], FILTER_MAX = 2 * DENIED + 32 };

struct program {
	struct sock_filter at[FILTER_MAX];
	unsigned short used;
};

static void put(struct program *p, struct sock_filter instruction)
{
	p->at[p->used++] = instruction;
}

static void load(struct program *p, size_t offset)
{
	put(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

static void jump(
	struct program *p, unsigned how, unsigned value, unsigned char yes, unsigned char no)
{
	put(p, (struct sock_filter)BPF_JUMP(
		       (unsigned short)(BPF_JMP | how | BPF_K), value, yes, no));
}

static void end(struct program *p, unsigned verdict)
{
	put(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

static void number(struct program *p)
{
	load(p, offsetof(struct seccomp_data, nr));
}

/* The low half of an argument, on little-endian machines. */
static void argument(struct program *p, unsigned index)
{
	load(p, offsetof(struct seccomp_data, args) + index * sizeof(__u64));
}

#ifdef OWN_ARCH
static void build(struct program *p)
{
	const unsigned deny = SECCOMP_RET_ERRNO | EPERM;

	load(p, offsetof(struct seccomp_data, arch));
	jump(p, BPF_JEQ, OWN_ARCH, 1, 0);
	end(p, deny);
	number(p);
#ifdef __x86_64__
	jump(p, BPF_JGE, 0x40000000u, 0, 1); /* x32 numbers */
	end(p, deny);
#endif
	jump(p, BPF_JEQ, SYS_clone3, 0, 1);
	end(p, SECCOMP_RET_ERRNO | ENOSYS);
	jump(p, BPF_JEQ, SYS_clone, 0, 3);
	argument(p, 0);
	jump(p, BPF_JSET, CLONE_THREAD, 1, 0);
	end(p, deny);
	number(p);
	jump(p, BPF_JEQ, SYS_socket, 0, 3);
	argument(p, 0);
	jump(p, BPF_JEQ, AF_NETLINK, 1, 0);
	end(p, deny);
	number(p);
	for (unsigned i = 0; i < DENIED; i++) {
		jump(p, BPF_JEQ, (unsigned)denied[i], 0, 1);
		end(p, deny);
	}
	end(p, SECCOMP_RET_ALLOW);
}
#endif

int mva_seccomp_install(struct mvmp_error *err)
{
#ifdef OWN_ARCH
	struct program p = {.used = 0};
	struct sock_fprog filter = {.filter = p.at};

	build(&p);
	filter.len = p.used;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		return mvmp_fail(
			err, MVMP_PERMISSION, "cannot limit system calls: %s", strerror(errno));
#endif
	return 0;
}
