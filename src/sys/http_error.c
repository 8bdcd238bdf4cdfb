/*
 * The one table from libcurl's codes, and from errno for connections that were never made, to our
 * error codes with a sentence for people. Nothing depends on libcurl's texts.
 */
#include "http_private.h"

#include <errno.h>
#include <string.h>

/* msg stands before or after the address: "nobody answers at ADDRESS: connection refused". */
struct connect_row {
	int sys;
	enum error_code code;
	const char *lead, *reason, *hint;
};

static const struct connect_row connect_rows[] = {
	{ECONNREFUSED, ERROR_UNAVAILABLE, "nobody answers at", "connection refused",
	 "is the server running, and is this its address?"},
	{ENOENT, ERROR_UNAVAILABLE, "nobody answers at", "no such socket",
	 "is the server running, and is this its address?"},
	{ENOTDIR, ERROR_UNAVAILABLE, "nobody answers at", "no such socket",
	 "is the server running, and is this its address?"},
	{ENOTSOCK, ERROR_UNAVAILABLE, "nobody answers at", "that is no socket", ""},
	{EACCES, ERROR_DENIED, "may not open", "permission denied",
	 "run as the user that may open it, or make Caddy's admin socket group-writable"},
	{EPERM, ERROR_DENIED, "may not open", "permission denied",
	 "a firewall or security rule of this machine forbids it"},
	{EHOSTUNREACH, ERROR_UNAVAILABLE, "cannot reach", "no route to host", ""},
	{ENETUNREACH, ERROR_UNAVAILABLE, "cannot reach", "network is unreachable", ""},
	{EADDRNOTAVAIL, ERROR_UNAVAILABLE, "cannot reach", "address not available", ""},
	{ETIMEDOUT, ERROR_TIMEOUT, "cannot reach", "connection timed out", ""},
	{EAGAIN, ERROR_UNAVAILABLE, "nobody accepts at", "its queue is full",
	 "the server is overloaded or stuck"},
	{ECONNRESET, ERROR_UNAVAILABLE, "nobody answers at", "connection reset", ""},
};

static void fill_connect(const struct http_end *end, struct kata_error *e)
{
	for (size_t i = 0; i < sizeof connect_rows / sizeof connect_rows[0]; i++) {
		const struct connect_row *row = &connect_rows[i];

		if (row->sys != end->sys)
			continue;
		error_set(e, row->code, "%s %s: %s", row->lead, end->at, row->reason);
		error_hint(e, "%s", row->hint);
		return;
	}
	if (end->sys) {
		errno = end->sys;
		error_sys(e, "nobody answers at %s", end->at);
		e->code = ERROR_UNAVAILABLE;
	} else {
		error_set(e, ERROR_UNAVAILABLE, "nobody answers at %s", end->at);
	}
}

/* `what` goes before the address. */
struct transfer_row {
	CURLcode curl;
	enum error_code code;
	const char *what, *hint;
};

static const struct transfer_row transfer_rows[] = {
	{CURLE_URL_MALFORMAT, ERROR_INVALID, "this is no address that can be used:", ""},
	{CURLE_COULDNT_RESOLVE_HOST, ERROR_UNAVAILABLE,
	 "no such host:", "check the name, or the name server of this machine"},
	{CURLE_OPERATION_TIMEDOUT, ERROR_TIMEOUT, "no answer in time from", ""},
	{CURLE_GOT_NOTHING, ERROR_LOST, "connection closed before an answer by", ""},
	{CURLE_PARTIAL_FILE, ERROR_LOST, "connection closed in the middle of an answer by", ""},
	{CURLE_SEND_ERROR, ERROR_LOST, "connection lost while sending to", ""},
	{CURLE_RECV_ERROR, ERROR_LOST, "connection lost while reading from", ""},
	{CURLE_UNSUPPORTED_PROTOCOL, ERROR_PROTOCOL,
	 "not an HTTP/1.1 server:", "check the address: something else listens there"},
	{CURLE_WEIRD_SERVER_REPLY, ERROR_PROTOCOL,
	 "not an HTTP server:", "check the address: something else listens there"},
	{CURLE_BAD_CONTENT_ENCODING, ERROR_PROTOCOL, "an answer that makes no sense from", ""},
	{CURLE_WRITE_ERROR, ERROR_PROTOCOL, "an answer that is too large from", ""},
	{CURLE_FILESIZE_EXCEEDED, ERROR_PROTOCOL, "an answer that is too large from", ""},
	{CURLE_OUT_OF_MEMORY, ERROR_PROTOCOL, "an answer that is too large from", ""},
	{CURLE_SSL_CONNECT_ERROR, ERROR_PROTOCOL, "no TLS connection with",
	 "does the server speak https there, and does it want a client certificate?"},
	{CURLE_PEER_FAILED_VERIFICATION, ERROR_DENIED, "the certificate is not trusted of",
	 "give the certificate authority that signed it"},
	{CURLE_SSL_CERTPROBLEM, ERROR_INVALID, "the client certificate cannot be used for", ""},
	{CURLE_SSL_CACERT_BADFILE, ERROR_INVALID, "the CA file cannot be used for", ""},
	{CURLE_SSL_CIPHER, ERROR_PROTOCOL, "no TLS cipher in common with", ""},
	{CURLE_SSL_ISSUER_ERROR, ERROR_DENIED, "the certificate is not trusted of", ""},
};

static const struct transfer_row *transfer_row(CURLcode code)
{
	for (size_t i = 0; i < sizeof transfer_rows / sizeof transfer_rows[0]; i++)
		if (transfer_rows[i].curl == code)
			return &transfer_rows[i];
	return NULL;
}

/* libcurl's detail is worth showing where our sentence cannot know it. */
static bool detail_helps(CURLcode code)
{
	return code == CURLE_RECV_ERROR || code == CURLE_SSL_CONNECT_ERROR ||
	       code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
	       code == CURLE_SSL_CACERT_BADFILE || code == CURLE_BAD_CONTENT_ENCODING;
}

void http_error_fill(const struct http_end *end, struct kata_error *e)
{
	const char *detail = end->detail ? end->detail : "";

	if (end->code == CURLE_COULDNT_CONNECT) {
		fill_connect(end, e);
	} else {
		const struct transfer_row *row = transfer_row(end->code);

		if (!row)
			error_set(e, ERROR_INTERNAL, "the transfer with %s failed: %s", end->at,
				  *detail ? detail : curl_easy_strerror(end->code));
		else if (detail_helps(end->code) && *detail)
			error_set(e, row->code, "%s %s: %s", row->what, end->at, detail);
		else
			error_set(e, row->code, "%s %s", row->what, end->at);
		if (row)
			error_hint(e, "%s", row->hint);
	}
	e->sys = end->sys;
}
