/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_HUMAN_H
#define MVCTL_HUMAN_H

#include <stddef.h>
#include <stdint.h>

/* Writers of numbers for people: each takes a raw value in the unit its name begins with and
 * writes at most `size` bytes. All return `to`. */
typedef char *mvctl_human(char *to, size_t size, double raw);

mvctl_human mvctl_human_integer;
mvctl_human mvctl_human_1;	   /* one decimal */
mvctl_human mvctl_human_milli;	   /* thousandths, two decimals */
mvctl_human mvctl_human_bytes_mib; /* MiB, no decimals */
mvctl_human mvctl_human_bytes_gib; /* GiB, one decimal */
mvctl_human mvctl_human_bits_mb;   /* bit/s as Mb/s (10^6), one decimal */
mvctl_human mvctl_human_bytes_mb;  /* byte/s as MB/s (10^6), one decimal */
mvctl_human mvctl_human_khz_ghz;   /* GHz, two decimals */
mvctl_human mvctl_human_millideg;  /* degrees Celsius, no decimals */
mvctl_human mvctl_human_ns_ms;	   /* ms, two decimals */
mvctl_human mvctl_human_ms_age;
mvctl_human mvctl_human_ns_age; /* 0.6s, 41s, 3m12s, 2h05m, 41d */

/* "41 d", "2 h 5 min", "3 min 12 s", "41 s", "0.6 s": durations in sentences. */
char *mvctl_human_duration(char *to, size_t size, uint64_t ns);

/* "800 B", "1.2 KiB", "466.1 MiB", "9.0 GiB" */
char *mvctl_human_size(char *to, size_t size, uint64_t bytes);

#endif
