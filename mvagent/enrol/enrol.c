/* SPDX-License-Identifier: Apache-2.0 */
#include "enrol.h"
#include "../state.h"
#include "console.h"
#include "store.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <mvmp/bytes.h>
#include <mvmp/keyfile.h>
#include <mvmp/run.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct enrolment {
	const struct mva_options *options;
	int directory; /* of the identity */
	struct mva_disk *disk;
	struct mva_enrol_listener listener;
	int listener_socket; /* our end */
	pid_t child;
	bool enrolled;
};

/* No key of the node gets into a core file or to a debugger. */
static void protect(void)
{
	const struct rlimit none = {0, 0};

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	signal(SIGPIPE, SIG_IGN);
}

/* The directory is locked as long as it is open. */
static int open_directory(struct enrolment *e, struct mvmp_error *err)
{
	const char *path = e->options->identity;
	int rc = mva_make_directory(path, 0700, err);

	if (rc)
		return rc;
	e->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (e->directory < 0)
		return mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
			"cannot open %s: %s", path, strerror(errno));
	if (flock(e->directory, LOCK_EX | LOCK_NB))
		return mvmp_fail(err, MVMP_CONFLICT, "another enrolment is under way in %s", path);
	e->disk = mva_disk_posix(dup(e->directory));
	return e->disk ? 0 : mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
}

static int refuse_enrolled(const struct enrolment *e, struct mvmp_error *err)
{
	if (faccessat(e->directory, mvmp_member_cert.name, F_OK, AT_SYMLINK_NOFOLLOW) &&
		errno == ENOENT)
		return 0;
	mvmp_fail(err, MVMP_CONFLICT, "this node is enrolled already: it has %s/%s",
		e->options->identity, mvmp_member_cert.name);
	return mvmp_hint(err, "to enrol it anew, remove that file first");
}

/* The node's own key: the one that is there, else a new one. */
static int take_key(struct enrolment *e, struct mvmp_error *err)
{
	uint8_t secret[MVMP_KEY_LEN];
	int rc = mvmp_keyfile_read_in(&mvmp_member_key, e->options->identity, secret, err);

	if (rc == -MVMP_NOT_FOUND) {
		mvmp_random_os(NULL, secret, sizeof secret);
		rc = mvmp_keyfile_write_in(
			&mvmp_member_key, e->options->identity, secret, sizeof secret, true, err);
	}
	if (rc >= 0)
		rc = mvmp_crypto_openssl.dh_public(e->listener.request.key, secret)
			     ? mvmp_fail(err, MVMP_NO_MEMORY, "cannot make a key: out of memory")
			     : 0;
	mvmp_wipe(secret, sizeof secret);
	return rc;
}

static void add_mac(struct mvmp_enrol_request *request, const uint8_t *mac)
{
	for (unsigned i = 0; i < request->macs; i++) {
		if (!memcmp(request->mac[i], mac, MVMP_MAC_LEN))
			return; /* two VLANs of one interface */
	}
	memcpy(request->mac[request->macs++], mac, MVMP_MAC_LEN);
}

_Static_assert((int)MVA_INTERFACES_MAX <= (int)MVMP_CERT_MACS_MAX, "all MACs fit a certificate");

static int open_links(struct enrolment *e, struct mvmp_error *err)
{
	struct mva_enrol_listener *l = &e->listener;

	if (!e->options->interfaces)
		return mvmp_fail(err, MVMP_INVALID, "--enrol needs an interface: -i IFACE");
	for (; l->links < e->options->interfaces; l->links++) {
		struct mvmp_pcap_options how = {
			.interface = e->options->interface[l->links], .listen_strangers = true};
		int rc = mvmp_pcap_open(&how, &l->link[l->links], err);

		if (rc)
			return rc;
		add_mac(&l->request, l->link[l->links]->mac);
	}
	return 0;
}

/* A proposal; the CA decides. None where the host's name is none of ours. */
static void propose_name(struct mvmp_enrol_request *request)
{
	char host[256] = "";

	if (gethostname(host, sizeof host - 1))
		return;
	for (char *c = host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (mvmp_name_valid(host, strlen(host)))
		memcpy(request->name, host, strlen(host) + 1);
}

static int start_listener(struct enrolment *e, struct mvmp_error *err)
{
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return mvmp_fail(err, MVMP_IO, "cannot make a socket: %s", strerror(errno));
	e->child = fork();
	if (e->child < 0)
		return mvmp_fail(err, MVMP_IO, "cannot start a process: %s", strerror(errno));
	if (!e->child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(MVA_EXIT_FAILED);
		close(ends[0]);
		close(e->directory);
		e->disk->ops->close(e->disk);
		e->listener.owner = ends[1];
		_exit(mva_enrol_listen(&e->listener));
	}
	close(ends[1]);
	e->listener_socket = ends[0];
	return 0;
}

/* ---- a delivery ---- */

/* Certificate and state are no secrets; the files were made 0600. */
static void open_to_readers(const struct enrolment *e)
{
	if (fchmodat(e->directory, mvmp_member_cert.name, 0644, 0) ||
		fchmodat(e->directory, mvmp_cluster_state.name, 0644, 0))
		mvmp_log("cannot let others read the certificate: %s", strerror(errno));
}

static void say_enrolled(const struct enrolment *e, const struct mvmp_enrol_delivery *delivery)
{
	struct mvmp_cert cert;

	if (mvmp_cert_decode(&cert, delivery->cert, delivery->cert_len))
		return;
	printf("enrolled as %s, certificate %llu, in %s\n", cert.name,
		(unsigned long long)cert.serial, e->options->identity);
	printf("next: systemctl start mvagent, or mvagent -i %s\n", e->options->interface[0]);
	fflush(stdout);
}

/* Takes nothing on trust from the process that reads frames. */
static int take_delivery(
	struct enrolment *e, const uint8_t *message, size_t len, struct mvmp_error *err)
{
	struct mvmp_reader r = mvmp_reader(message, len);
	uint32_t link = mvmp_get_u32(&r);
	struct mvmp_enrol_delivery delivery;
	int rc;

	if (r.bad || link >= e->listener.links ||
		!mvmp_enrol_delivery_decode(&delivery, r.at, r.left))
		return mvmp_fail(err, MVMP_INVALID, "the delivery is malformed");
	rc = refuse_enrolled(e, err);
	if (!rc)
		rc = mvmp_enrol_delivery_check(&mvmp_crypto_openssl, &delivery,
			&e->listener.request, e->listener.link[link]->mac, mvmp_wall_s(NULL), err);
	if (!rc)
		rc = mva_enrol_store(e->disk, &delivery, err);
	if (rc)
		return rc;
	e->enrolled = true;
	open_to_readers(e);
	say_enrolled(e, &delivery);
	return 0;
}

/* Until the listener ends. */
static void serve_listener(struct enrolment *e)
{
	static uint8_t message[MVA_ENROL_MESSAGE_MAX];
	ssize_t len;

	while ((len = recv(e->listener_socket, message, sizeof message, 0)) > 0 ||
		(len < 0 && errno == EINTR)) {
		struct mva_enrol_outcome outcome = {.status = MVMP_OK};
		struct mvmp_error err = {.status = MVMP_OK};

		if (len < 0)
			continue;
		if (take_delivery(e, message, (size_t)len, &err)) {
			mvmp_log("a delivery was refused: %s", err.text);
			outcome.status = err.status;
			memcpy(outcome.text, err.text, sizeof outcome.text);
		}
		if (send(e->listener_socket, &outcome, sizeof outcome, MSG_NOSIGNAL) < 0)
			break;
	}
	mvmp_wipe(message, sizeof message);
}

static int wait_for_listener(const struct enrolment *e)
{
	int status;

	while (waitpid(e->child, &status, 0) < 0) {
		if (errno != EINTR)
			return MVA_EXIT_FAILED;
	}
	if (e->enrolled)
		return MVA_EXIT_OK;
	if (WIFSIGNALED(status))
		mvmp_log("the listening process was ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : MVA_EXIT_FAILED;
}

static int prepare(struct enrolment *e, struct mvmp_error *err)
{
	int rc = open_links(e, err);

	if (!rc)
		rc = open_directory(e, err);
	if (!rc)
		rc = refuse_enrolled(e, err);
	if (!rc)
		rc = take_key(e, err);
	if (rc)
		return rc;
	propose_name(&e->listener.request);
	mvmp_random_os(NULL, e->listener.secret, sizeof e->listener.secret);
	rc = start_listener(e, err);
	if (!rc)
		rc = mva_enrol_show(e->listener.secret, &e->listener.request, err);
	mvmp_wipe(e->listener.secret, sizeof e->listener.secret);
	return rc;
}

static void release(struct enrolment *e)
{
	struct mva_enrol_listener *l = &e->listener;

	while (l->links)
		mvmp_link_close(l->link[--l->links]);
	if (e->disk)
		e->disk->ops->close(e->disk);
	if (e->directory >= 0)
		close(e->directory);
}

int mva_enrol(const struct mva_options *options)
{
	struct enrolment e = {
		.options = options, .directory = -1, .listener = {.options = options}};
	struct mvmp_error err;
	int code;

	protect();
	if (prepare(&e, &err)) {
		mvmp_log("%s", err.text);
		if (*err.hint)
			fprintf(stderr, "  hint: %s\n", err.hint);
		if (e.child > 0)
			kill(e.child, SIGKILL);
		release(&e);
		return mva_exit_code(&err);
	}
	serve_listener(&e);
	code = wait_for_listener(&e);
	release(&e);
	return code;
}
