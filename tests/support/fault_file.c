/* SPDX-License-Identifier: Apache-2.0 */

/* Files, directories, sockets and processes that fail. Files are large ones (open64). */

#include "fault_private.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fails(enum fault_kind kind, void *caller)
{
	int error = fault_here(kind, caller);

	if (error)
		errno = error;
	return error != 0;
}

#define FAILS(kind) fails(kind, __builtin_return_address(0))

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return FAILS(FAULT_FILE) ? -1 : __real_open64(path, flags, mode);
}

int __real_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return FAILS(FAULT_FILE) ? -1 : __real_openat64(dir, path, flags, mode);
}

WRAPPED(int, mkostemp64, char *path, int flags)
{
	return FAILS(FAULT_FILE) ? -1 : __real_mkostemp64(path, flags);
}

WRAPPED(FILE *, fopen64, const char *path, const char *mode)
{
	return FAILS(FAULT_FILE) ? NULL : __real_fopen64(path, mode);
}

WRAPPED(ssize_t, write, int fd, const void *bytes, size_t len)
{
	if (!FAILS(FAULT_FILE))
		return __real_write(fd, bytes, len);
	return fault_halfway() && len > 1 ? __real_write(fd, bytes, len / 2) : -1;
}

WRAPPED(ssize_t, pwrite64, int fd, const void *bytes, size_t len, off_t at)
{
	if (!FAILS(FAULT_FILE))
		return __real_pwrite64(fd, bytes, len, at);
	return fault_halfway() && len > 1 ? __real_pwrite64(fd, bytes, len / 2, at) : -1;
}

WRAPPED(int, fsync, int fd)
{
	return FAILS(FAULT_FILE) ? -1 : __real_fsync(fd);
}

WRAPPED(int, fdatasync, int fd)
{
	return FAILS(FAULT_FILE) ? -1 : __real_fdatasync(fd);
}

WRAPPED(int, ftruncate64, int fd, off_t len)
{
	return FAILS(FAULT_FILE) ? -1 : __real_ftruncate64(fd, len);
}

WRAPPED(int, posix_fallocate64, int fd, off_t at, off_t len)
{
	int error = fault_here(FAULT_FILE, __builtin_return_address(0));

	return error ? error : __real_posix_fallocate64(fd, at, len);
}

WRAPPED(int, fchmod, int fd, mode_t mode)
{
	return FAILS(FAULT_FILE) ? -1 : __real_fchmod(fd, mode);
}

WRAPPED(int, mkdir, const char *path, mode_t mode)
{
	return FAILS(FAULT_FILE) ? -1 : __real_mkdir(path, mode);
}

WRAPPED(int, rename, const char *from, const char *to)
{
	return FAILS(FAULT_FILE) ? -1 : __real_rename(from, to);
}

WRAPPED(int, renameat, int from_dir, const char *from, int to_dir, const char *to)
{
	return FAILS(FAULT_FILE) ? -1 : __real_renameat(from_dir, from, to_dir, to);
}

WRAPPED(int, renameat2, int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	return FAILS(FAULT_FILE) ? -1 : __real_renameat2(from_dir, from, to_dir, to, flags);
}

/* What is written through stdio fails at last here. */
WRAPPED(int, fclose, FILE *file)
{
	bool bad = FAILS(FAULT_FILE);
	int rc = __real_fclose(file);

	if (bad)
		errno = EIO;
	return bad ? EOF : rc;
}

WRAPPED(ssize_t, read, int fd, void *to, size_t len)
{
	return FAILS(FAULT_READ) ? -1 : __real_read(fd, to, len);
}

WRAPPED(ssize_t, pread64, int fd, void *to, size_t len, off_t at)
{
	return FAILS(FAULT_READ) ? -1 : __real_pread64(fd, to, len, at);
}

WRAPPED(int, fstat64, int fd, struct stat *st)
{
	return FAILS(FAULT_READ) ? -1 : __real_fstat64(fd, st);
}

WRAPPED(DIR *, opendir, const char *path)
{
	return FAILS(FAULT_READ) ? NULL : __real_opendir(path);
}

WRAPPED(DIR *, fdopendir, int fd)
{
	return FAILS(FAULT_READ) ? NULL : __real_fdopendir(fd);
}

WRAPPED(int, socket, int domain, int type, int protocol)
{
	return FAILS(FAULT_SOCKET) ? -1 : __real_socket(domain, type, protocol);
}

WRAPPED(int, socketpair, int domain, int type, int protocol, int fd[2])
{
	return FAILS(FAULT_SOCKET) ? -1 : __real_socketpair(domain, type, protocol, fd);
}

WRAPPED(int, bind, int fd, const struct sockaddr *addr, socklen_t len)
{
	return FAILS(FAULT_SOCKET) ? -1 : __real_bind(fd, addr, len);
}

WRAPPED(int, listen, int fd, int backlog)
{
	return FAILS(FAULT_SOCKET) ? -1 : __real_listen(fd, backlog);
}

WRAPPED(int, connect, int fd, const struct sockaddr *addr, socklen_t len)
{
	return FAILS(FAULT_SOCKET) ? -1 : __real_connect(fd, addr, len);
}

WRAPPED(int, accept4, int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	return FAILS(FAULT_SOCKET) ? -1 : __real_accept4(fd, addr, len, flags);
}

WRAPPED(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags)
{
	return FAILS(FAULT_SOCKET) ? -1 : __real_sendmsg(fd, message, flags);
}

WRAPPED(ssize_t, send, int fd, const void *bytes, size_t len, int flags)
{
	return FAILS(FAULT_SOCKET) ? -1 : __real_send(fd, bytes, len, flags);
}

WRAPPED(int, pipe2, int fd[2], int flags)
{
	return FAILS(FAULT_SOCKET) ? -1 : __real_pipe2(fd, flags);
}

WRAPPED(int, eventfd, unsigned value, int flags)
{
	return FAILS(FAULT_SOCKET) ? -1 : __real_eventfd(value, flags);
}

WRAPPED(pid_t, fork, void)
{
	return FAILS(FAULT_PROCESS) ? -1 : __real_fork();
}

WRAPPED(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes,
	void *(*run)(void *), void *ctx)
{
	int error = fault_here(FAULT_PROCESS, __builtin_return_address(0));

	return error ? error : __real_pthread_create(thread, attributes, run, ctx);
}
