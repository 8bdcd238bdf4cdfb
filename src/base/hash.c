/*
 * Digests and base64: thin forms of what libcrypto does.
 */
#include "kata/hash.h"

#include <openssl/evp.h>
#include <string.h>

#include "kata/error.h"

/* An EVP_MD_CTX under a name of our own: libcrypto's types stay in this file. */
struct sha256 *sha256_begin(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
		BUG("libcrypto has no SHA-256");
	return (struct sha256 *)context;
}

void sha256_add(struct sha256 *sum, const void *bytes, size_t len)
{
	if (!EVP_DigestUpdate((EVP_MD_CTX *)sum, bytes, len))
		BUG("libcrypto fails at SHA-256");
}

void sha256_end(struct sha256 *sum, char out[SHA256_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (!EVP_DigestFinal_ex((EVP_MD_CTX *)sum, digest, &size) || size * 2 != SHA256_HEX)
		BUG("libcrypto fails at SHA-256");
	EVP_MD_CTX_free((EVP_MD_CTX *)sum);
	for (unsigned i = 0; i < size; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[SHA256_HEX] = '\0';
}

void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX + 1])
{
	struct sha256 *sum = sha256_begin();

	sha256_add(sum, bytes, len);
	sha256_end(sum, out);
}

void base64_add(struct str *out, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	while (len) {
		unsigned char text[65];
		size_t part = len < 48 ? len : 48;
		int n = EVP_EncodeBlock(text, p, (int)part);

		str_addn(out, (const char *)text, (size_t)n);
		p += part;
		len -= part;
	}
}

void base64_url_add(struct str *out, const void *bytes, size_t len)
{
	size_t from = out->len;

	base64_add(out, bytes, len);
	for (size_t i = from; i < out->len; i++) {
		if (out->p[i] == '+')
			out->p[i] = '-';
		else if (out->p[i] == '/')
			out->p[i] = '_';
	}
}

bool base64_decode(const char *text, size_t len, struct str *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t padding = 0;

	while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
		padding++;
	if (len % 4)
		return false;
	for (size_t i = 0; i < len - padding; i++)
		if (!text[i] || !strchr(letters, text[i]))
			return false;
	for (size_t i = 0; i < len; i += 4) {
		unsigned char bytes[3];
		size_t drop = i + 4 == len ? padding : 0;

		if (EVP_DecodeBlock(bytes, (const unsigned char *)text + i, 4) != 3)
			BUG("libcrypto refuses checked base64");
		str_addn(out, (const char *)bytes, 3 - drop);
	}
	return true;
}
