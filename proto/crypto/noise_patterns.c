/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/noise.h>

/* Noise specification, section 7.5 (patterns) and 9 (psk modifiers: psk0 goes before the first
 * message's tokens, pskN after those of message N). */
enum {
	E = MVMP_NOISE_E,
	S = MVMP_NOISE_S,
	EE = MVMP_NOISE_EE,
	ES = MVMP_NOISE_ES,
	SE = MVMP_NOISE_SE,
	PSK = MVMP_NOISE_PSK,
};

const struct mvmp_noise_pattern mvmp_noise_ix = {
	.name = "Noise_IX_25519_AESGCM_SHA256",
	.messages = 2,
	.tokens = {{E, S}, {E, EE, SE, S, ES}},
};

const struct mvmp_noise_pattern mvmp_noise_ixpsk2 = {
	.name = "Noise_IXpsk2_25519_AESGCM_SHA256",
	.messages = 2,
	.psks = 1,
	.tokens = {{E, S}, {E, EE, SE, S, ES, PSK}},
};

const struct mvmp_noise_pattern mvmp_noise_ixpsk0psk2 = {
	.name = "Noise_IXpsk0+psk2_25519_AESGCM_SHA256",
	.messages = 2,
	.psks = 2,
	.tokens = {{PSK, E, S}, {E, EE, SE, S, ES, PSK}},
};

const struct mvmp_noise_pattern mvmp_noise_nnpsk0 = {
	.name = "Noise_NNpsk0_25519_AESGCM_SHA256",
	.messages = 2,
	.psks = 1,
	.tokens = {{PSK, E}, {E, EE}},
};
