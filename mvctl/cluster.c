/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"
#include "ca.h"
#include "commands.h"
#include "options.h"
#include <stdlib.h>
#include <string.h>

/*
 * `cluster publish`: hands what the CA made to all members there are. A state that takes a CA key
 * away comes after the certificates that replace those it signed; any other one comes before the
 * certificates, which may be signed by a key that it brings.
 */

static bool takes_key_away(const struct mvmp_cluster *now, const struct mvmp_cluster *next)
{
	for (unsigned i = 0; i < now->cas; i++) {
		bool stays = false;

		for (unsigned k = 0; k < next->cas; k++)
			stays |= !memcmp(now->ca[i], next->ca[k], MVMP_KEY_LEN);
		if (!stays)
			return true;
	}
	return false;
}

/* What is published must be newer than what we hold, or the same. */
static int check_state(struct mvctl *ctl, const struct mvctl_bundle *bundle, const char *directory)
{
	const struct mvmp_identity *own = &ctl->net->identity;
	struct mvmp_cluster checked = {0};
	struct mvmp_error error;

	if (bundle->cluster.number < own->cluster.number) {
		mvmp_fail(&error, MVMP_CONFLICT,
			"%s holds cluster state %llu, the cluster has %llu; nothing was handed "
			"over",
			directory, (unsigned long long)bundle->cluster.number,
			(unsigned long long)own->cluster.number);
		return mvctl_report(ctl, &error, NULL, NULL);
	}
	if (bundle->cluster.number > own->cluster.number &&
		mvmp_cluster_decode(own->crypto, &checked, &own->cluster, bundle->state,
			bundle->state_len, &error)) {
		mvmp_hint(&error, "the members would not take it either");
		return mvctl_report(ctl, &error, NULL, NULL);
	}
	mvmp_cluster_clear(&checked);
	return 0;
}

static int take_own_cert(struct mvctl *ctl, const struct mvctl_bundle *bundle)
{
	struct mvctl_net *net = ctl->net;
	uint64_t now = mvmp_wall_s(NULL);
	const struct mvctl_bundle_cert *next = mvctl_bundle_newer(bundle, &net->identity.cert, now);
	struct mvmp_error error;
	bool changed;

	if (!next)
		return 0;
	if (mvmp_identity_take_cert(&net->identity, next->bytes, next->len, now, &changed, &error))
		return mvctl_report(ctl, &error, NULL, NULL);
	mvmp_endpoint_take_cert(mvmp_run_endpoint(net->run), mvmp_now());
	if (mvmp_identity_store(&net->identity, MVMP_PART_CERT, net->directory, &error))
		mvctl_note(ctl, "note: your own new certificate is not kept: %s", error.text);
	return 0;
}

static int take_state(struct mvctl *ctl, const struct mvctl_bundle *bundle)
{
	struct mvmp_error error;

	if (!mvmp_run_take(ctl->net->run, bundle->state, bundle->state_len,
		    bundle->has_key ? bundle->key : NULL, &error))
		return 0;
	return mvctl_report(ctl, &error, NULL, NULL);
}

/* ---- certificates ---- */

static void install(struct mvctl *ctl, struct mvctl_member_group *group, unsigned i,
	const struct mvctl_bundle_cert *cert)
{
	Mvmp__CertificateInstall message = MVMP__CERTIFICATE_INSTALL__INIT;
	struct mvctl_standing *standing = &group->standing[i];
	struct mvctl_reply reply = {0};
	Mvmp__CertificateAnswer *answer = NULL;
	uint8_t body[MVMP_CERT_MAX + 8];
	size_t len;

	message.certificate = (ProtobufCBinaryData){cert->len, (uint8_t *)cert->bytes};
	len = mvmp__certificate_install__pack(&message, body);
	if (mvctl_ask_one(ctl, &group->nodes.node[i], group->role, MVMP_VERB_CERTIFICATE_INSTALL,
		    body, len, &reply))
		return;
	standing->install = reply.error;
	if (reply.error.status == MVMP_OK)
		answer = mvmp__certificate_answer__unpack(NULL, reply.body_len, reply.body);
	if (answer) {
		standing->former_serial = answer->former;
		standing->serial = answer->serial;
		mvmp__certificate_answer__free_unpacked(answer, NULL);
	}
	mvctl_replies_clear(&reply, 1);
}

/* One sentence, not the refusal of each. */
static int refuse_installing(struct mvctl *ctl, unsigned waiting)
{
	const struct mvmp_cert *own = &ctl->net->identity.cert;
	struct mvmp_error error;
	char roles[64];

	mvmp_fail(&error, MVMP_NOT_ALLOWED,
		"%u member%s newer certificates waiting, which needs admin to install; %s has role "
		"%s",
		waiting, waiting == 1 ? " has" : "s have", own->name,
		mvmp_roles_text(roles, own->roles));
	return mvctl_report(ctl, &error, NULL, NULL);
}

static void install_all(
	struct mvctl *ctl, struct mvctl_members *members, const struct mvctl_bundle *bundle)
{
	bool admin = ctl->net->identity.cert.roles & MVMP_ROLE_ADMIN;
	unsigned waiting = 0;

	for (unsigned g = 0; g < MVCTL_GROUPS; g++) {
		struct mvctl_member_group *group = &members->group[g];

		for (unsigned i = 0; i < group->nodes.count && !ctl->net->interrupted; i++) {
			const struct mvctl_bundle_cert *cert = NULL;

			if (group->standing[i].answered)
				cert = mvctl_bundle_newer(
					bundle, &group->replies[i].cert, mvmp_wall_s(NULL));
			if (cert && admin)
				install(ctl, group, i, cert);
			waiting += cert != NULL;
		}
	}
	if (waiting && !admin)
		refuse_installing(ctl, waiting);
}

/* ---- the command ---- */

static int hand_over(
	struct mvctl *ctl, struct mvctl_members *members, const struct mvctl_bundle *bundle)
{
	bool key_goes = takes_key_away(&ctl->net->identity.cluster, &bundle->cluster);
	int rc = 0;

	if (key_goes) {
		rc = take_own_cert(ctl, bundle);
		if (!rc)
			rc = mvctl_members_ask(ctl, members, false);
		if (!rc)
			install_all(ctl, members, bundle);
	}
	if (!rc)
		rc = take_state(ctl, bundle);
	if (!rc)
		rc = mvctl_members_ask(ctl, members, true);
	if (!rc && !key_goes) {
		install_all(ctl, members, bundle);
		rc = take_own_cert(ctl, bundle);
	}
	return ctl->net->interrupted ? MVCTL_EXIT_INTERRUPTED : rc;
}

static int publish(struct mvctl *ctl, const struct mvctl_bundle *bundle, const char *directory)
{
	struct mvctl_members members = {0};
	int rc = mvctl_connect(ctl, false);

	if (!rc)
		rc = check_state(ctl, bundle, directory);
	if (!rc)
		rc = mvctl_members_find(ctl, &members);
	if (!rc)
		rc = hand_over(ctl, &members, bundle);
	if (!rc)
		rc = mvctl_members_report(ctl, &members);
	mvctl_members_clear(&members);
	return rc;
}

static int run_publish(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {{0}};
	struct mvctl_bundle bundle;
	struct mvmp_error err;
	int rc;

	if (mvctl_getopt(ctl, argc, argv, "", options) != -1)
		return MVCTL_EXIT_USAGE;
	if (argc - optind != 1)
		return mvctl_usage(ctl, "usage: mvctl cluster publish DIR");
	if (ctl->opt.nodes)
		return mvctl_usage(
			ctl, "cluster publish is for all members; -n does not go with it");
	if (mvctl_bundle_read(&bundle, argv[optind], &err))
		rc = mvctl_report(ctl, &err, NULL, NULL);
	else
		rc = publish(ctl, &bundle, argv[optind]);
	mvctl_bundle_clear(&bundle);
	return rc;
}

static const struct mvctl_word words[] = {
	{"publish", run_publish, false},
	{0},
};

static int run(struct mvctl *ctl, int argc, char **argv)
{
	return mvctl_run_word(ctl, words, argc, argv);
}

const struct mvctl_command mvctl_cluster = {
	.name = "cluster",
	.group = MVCTL_IDENTITY,
	.summary = "hand the CA's newest state, cluster key and certificates to the members",
	.help = "examples:\n"
		"  mvctl ca revoke /root/ca eve && mvctl cluster publish /root/ca\n"
		"  mvctl cluster publish bundle      a copy of the CA's directory without ca.key\n"
		"  mvctl show cluster                who has what\n"
		"\n"
		"usage: mvctl [-i IFACE] cluster publish DIR\n"
		"\n"
		"Finds all nodes and aggregators and hands them cluster.state and cluster.key of\n"
		"DIR, and each the newest certificate that DIR/issued has for it. Members hand "
		"state\n"
		"and key on: an aggregator to all its nodes at once, and whoever is away gets "
		"them\n"
		"when it returns. A member believes the CA's signature, not who brings it. The "
		"table\n"
		"says what each has now: NUMBER of its cluster state, generation of its cluster "
		"KEY,\n"
		"serial of its CERTificate; `-` is a key older than its state names.\n"
		"\n"
		"Role: any for state and key, admin for certificates. Exit codes: 1 DIR is older\n"
		"than what the cluster has, 4 not trusted or not allowed, 5 nobody answers, 6 "
		"some\n"
		"lag, are away or did not answer.\n",
	.run = run,
};
