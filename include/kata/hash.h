/*
 * Digests and their text forms, by OpenSSL's libcrypto.
 */
#ifndef KATA_HASH_H
#define KATA_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include "kata/memory.h"

enum { SHA256_HEX = 64 };

/* SHA-256 (FIPS 180-4) as 64 lower-case hex digits and a NUL. */
void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX + 1]);
/* The same of what comes piece by piece: begin, add ..., end (which frees it). */
struct sha256;
struct sha256 *sha256_begin(void);
void sha256_add(struct sha256 *sum, const void *bytes, size_t len);
void sha256_end(struct sha256 *sum, char out[SHA256_HEX + 1]);
/* Base64 with padding (RFC 4648 section 4), and its form for URLs and headers (section 5). */
void base64_add(struct str *out, const void *bytes, size_t len);
void base64_url_add(struct str *out, const void *bytes, size_t len);
/* False (out untouched) for what is not base64 with padding. */
bool base64_decode(const char *text, size_t len, struct str *out);

#endif
