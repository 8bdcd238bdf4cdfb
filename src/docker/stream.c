/*
 * Answers that come as they go: streams of JSON objects (pull, build, events), and the output of
 * containers (logs). Both are a flow: a call whose body goes to one function.
 */
#include <stdlib.h>
#include <string.h>

#include "docker_private.h"
#include "split.h"

typedef void flow_done(void *arg, bool ok, struct kata_error *e);

struct flow {
	struct docker_call call;
	struct transfer *transfer;
	bool (*data)(struct flow *flow, const char *bytes, size_t len, struct kata_error *e);
	bool (*end)(struct flow *flow, struct kata_error *e); /* at the end of the body; or NULL */
	void (*release)(struct flow *flow);		      /* or NULL */
	flow_done *done;
	void *arg;
	bool cancelled, failed;
	struct kata_error why; /* failed */
};

static bool flow_data(void *arg, const char *bytes, size_t len)
{
	struct flow *flow = arg;
	struct kata_error e;

	if (flow->data(flow, bytes, len, &e))
		return true;
	if (!flow->failed)
		flow->why = e;
	flow->failed = true;
	return false;
}

static const char *flow_again(void *arg, const struct http_response *response)
{
	struct flow *flow = arg;

	return docker_call_again(&flow->call, response);
}

static void flow_ended(void *arg, bool ok, struct http_response *response, struct kata_error *e)
{
	struct flow *flow = arg;

	/* An error told in the stream is the reason, whatever became of the connection then. */
	if (flow->failed)
		*e = flow->why;
	else if (!ok)
		docker_explain(flow->call.docker, e);
	ok = ok && !flow->failed && docker_call_accepted(&flow->call, response, e) &&
	     (!flow->end || flow->end(flow, e));
	if (!ok)
		docker_call_where(&flow->call, e);
	flow->done(flow->arg, ok, e);
	if (response)
		http_response_release(response);
}

static void flow_forget(void *arg)
{
	struct flow *flow = arg;

	if (flow->release)
		flow->release(flow);
	docker_call_release(&flow->call);
	free(flow);
}

static void flow_start(struct flow *flow, const struct docker_request *request,
		       struct http_request *http)
{
	if (!request->timeout_ms)
		http->timeout_ms = -1;
	http->on_data = flow_data;
	http->stream_arg = flow;
	http->again = flow_again;
	http->forget = flow_forget;
	flow->transfer = http_start(flow->call.docker->http, http, flow_ended, flow);
}

static void flow_cancel(struct flow *flow)
{
	flow->cancelled = true;
	http_cancel(flow->transfer);
}

/* --- streams of objects --- */

struct docker_stream {
	struct flow flow; /* first */
	struct docker_split split;
	docker_event *event;
	struct docker_upload upload;
};

/* The engine's own words for a failure in a stream, or NULL. Before 1.48 they came twice. */
static const char *failure_of(const json_t *object)
{
	const json_t *detail = json_object_get(object, "errorDetail");
	const char *message = json_string_value(json_object_get(detail, "message"));

	return message ? message : json_string_value(json_object_get(object, "error"));
}

static bool stream_object(void *arg, const json_t *object)
{
	struct docker_stream *stream = arg;
	const char *failure = failure_of(object);

	if (stream->flow.cancelled)
		return false;
	if (!failure)
		return stream->event(stream->flow.arg, object);
	if (!stream->flow.failed)
		docker_refuse(&stream->flow.why, 0, failure);
	stream->flow.failed = true;
	return true;
}

static bool stream_data(struct flow *flow, const char *bytes, size_t len, struct kata_error *e)
{
	struct docker_stream *stream = (struct docker_stream *)flow;

	return docker_split_add(&stream->split, bytes, len, stream_object, stream, e);
}

static bool stream_end(struct flow *flow, struct kata_error *e)
{
	return docker_split_end(&((struct docker_stream *)flow)->split, e);
}

static void stream_release(struct flow *flow)
{
	struct docker_stream *stream = (struct docker_stream *)flow;
	struct kata_error ignored;

	docker_split_end(&stream->split, &ignored);
	if (stream->upload.release)
		stream->upload.release(stream->upload.arg);
}

static ssize_t stream_source(void *arg, char *bytes, size_t room)
{
	struct docker_stream *stream = arg;

	if (stream->flow.cancelled)
		return -1;
	return stream->upload.source(stream->upload.arg, bytes, room);
}

struct docker_stream *docker_stream_upload(struct docker *docker,
					   const struct docker_request *request,
					   const struct docker_upload *upload, docker_event *event,
					   flow_done *done, void *arg)
{
	struct docker_stream *stream = xcalloc(1, sizeof *stream);
	const char *headers[DOCKER_HEADERS];
	struct http_request http;

	*stream = (struct docker_stream){
		.flow = {.data = stream_data,
			 .end = stream_end,
			 .release = stream_release,
			 .done = done,
			 .arg = arg},
		.split = DOCKER_SPLIT_INIT,
		.event = event,
	};
	docker_call_init(&stream->flow.call, docker, request);
	docker_call_fill(&stream->flow.call, request, &http, headers);
	if (upload) {
		stream->upload = *upload;
		stream->flow.call.final = true;
		http.source = stream_source;
		http.type = upload->type;
		docker_add_header(headers, upload->header);
	}
	flow_start(&stream->flow, request, &http);
	return stream;
}

struct docker_stream *docker_stream_start(struct docker *docker,
					  const struct docker_request *request, docker_event *event,
					  flow_done *done, void *arg)
{
	return docker_stream_upload(docker, request, NULL, event, done, arg);
}

void docker_stream_cancel(struct docker_stream *stream)
{
	flow_cancel(&stream->flow);
}

/* --- the output of containers --- */

/* 0 (standard input, echoed) goes with 1; 3 (an error of the engine itself) with 2. */
static int demux_stream(const struct docker_demux *demux)
{
	return demux->head[0] <= 1 ? 1 : 2;
}

static bool head_is_sound(const unsigned char *head)
{
	return head[0] <= 3 && !head[1] && !head[2] && !head[3];
}

/* Takes bytes of a frame's head; returns how many. */
static size_t demux_head(struct docker_demux *demux, const char *bytes, size_t len)
{
	size_t n = sizeof demux->head - demux->head_len;

	n = len < n ? len : n;
	memcpy(demux->head + demux->head_len, bytes, n);
	demux->head_len += n;
	if (demux->head_len == sizeof demux->head)
		demux->left = (uint32_t)demux->head[4] << 24 | (uint32_t)demux->head[5] << 16 |
			      (uint32_t)demux->head[6] << 8 | (uint32_t)demux->head[7];
	return n;
}

bool docker_demux_add(struct docker_demux *demux, const char *bytes, size_t len, docker_output *out,
		      void *arg)
{
	while (len > 0) {
		size_t n;

		if (demux->head_len < sizeof demux->head) {
			n = demux_head(demux, bytes, len);
			if (!head_is_sound(demux->head))
				return false;
		} else {
			n = len < demux->left ? len : demux->left;
			demux->left -= (uint32_t)n;
			if (!out(arg, demux_stream(demux), bytes, n))
				return false;
		}
		if (demux->head_len == sizeof demux->head && demux->left == 0)
			*demux = (struct docker_demux){0};
		bytes += n;
		len -= n;
	}
	return true;
}

struct docker_logs {
	struct flow flow; /* first */
	struct docker_demux demux;
	bool tty, stopped;
	docker_output *out;
};

static bool logs_output(void *arg, int stream, const char *bytes, size_t len)
{
	struct docker_logs *logs = arg;

	logs->stopped = logs->flow.cancelled || !logs->out(logs->flow.arg, stream, bytes, len);
	return !logs->stopped;
}

static bool logs_data(struct flow *flow, const char *bytes, size_t len, struct kata_error *e)
{
	struct docker_logs *logs = (struct docker_logs *)flow;

	if (logs->tty ? logs_output(logs, 1, bytes, len)
		      : docker_demux_add(&logs->demux, bytes, len, logs_output, logs))
		return true;
	if (logs->stopped)
		return error_set(e, ERROR_CANCELLED, "ended before its end");
	return error_set(e, ERROR_PROTOCOL, "the output is not in frames");
}

struct docker_logs *docker_logs_start(struct docker *docker, const char *path, bool tty,
				      docker_output *out, flow_done *done, void *arg)
{
	const struct docker_request request = {.method = "GET", .path = path};
	struct docker_logs *logs = xcalloc(1, sizeof *logs);
	const char *headers[DOCKER_HEADERS];
	struct http_request http;

	*logs = (struct docker_logs){
		.flow = {.data = logs_data, .done = done, .arg = arg},
		.tty = tty,
		.out = out,
	};
	docker_call_init(&logs->flow.call, docker, &request);
	docker_call_fill(&logs->flow.call, &request, &http, headers);
	flow_start(&logs->flow, &request, &http);
	return logs;
}

void docker_logs_cancel(struct docker_logs *logs)
{
	flow_cancel(&logs->flow);
}
