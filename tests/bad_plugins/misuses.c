/* Calls the proxy wrongly in request_head, in the way that its settings name: what validation is for.
 * SPDX-License-Identifier: MIT */
#include <hyalite/plugin.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

HYALITE_NOTE("misuses", "1.0.0", "MIT");

struct misuses {
  const hyalite_host* host;
  const hyalite_host_http* http;
  char how[32];
  hyalite_exchange* kept;
};

static hyalite_bytes text(const char* literal) {
  const hyalite_bytes bytes = {literal, strlen(literal)};
  return bytes;
}

static hyalite_status create(const hyalite_host* host, void** instance) {
  const hyalite_host_settings* settings = host->get_interface(host, HYALITE_HOST_SETTINGS_ID);
  struct misuses* self = calloc(1, sizeof *self);
  hyalite_bytes how;
  if (self == NULL) return HYALITE_E_FAILED;
  self->host = host;
  self->http = host->get_interface(host, HYALITE_HOST_HTTP_ID);
  if (settings->text(host, settings->find(host, settings->root(host), text("how")), &how) == HYALITE_OK)
    memcpy(self->how, how.data, how.size < sizeof self->how ? how.size : sizeof self->how - 1);
  *instance = self;
  return HYALITE_OK;
}

static void destroy(void* instance) { free(instance); }

static void* on_a_thread(void* instance) {
  const struct misuses* self = instance;
  self->http->number(self->kept);
  return NULL;
}

static hyalite_verdict request_head(void* instance, hyalite_exchange* exchange, void* state,
                                    const hyalite_headers* headers) {
  struct misuses* self = instance;
  const hyalite_host_http* http = self->http;
  const hyalite_bytes nothing = {NULL, 3};
  const char* how = self->how;
  pthread_t thread;
  (void)state;
  if (strcmp(how, "wrong_hook") == 0) http->drop_info(exchange);
  if (strcmp(how, "create_only") == 0) http->intern(self->host, text("X-Late"));
  if (strcmp(how, "no_data") == 0) http->set_method(exchange, nothing);
  if (strcmp(how, "no_place") == 0) http->finding(exchange, 0, NULL);
  if (strcmp(how, "forbidden") == 0)
    http->header_set(exchange, HYALITE_PART_REQUEST, 0, text("Content-Length"), text("1"), HYALITE_SET_REPLACE);
  if (strcmp(how, "old_view") == 0) {
    http->header_set(exchange, HYALITE_PART_REQUEST, 0, text("X-A"), text("1"), HYALITE_SET_REPLACE);
    http->header_set_at(exchange, HYALITE_PART_REQUEST, 0, headers->generation, text("2"));
  }
  if (strcmp(how, "not_lent") == 0) http->number((hyalite_exchange*)(void*)self);
  self->kept = exchange;
  if (strcmp(how, "thread") == 0 && pthread_create(&thread, NULL, on_a_thread, self) == 0) pthread_join(thread, NULL);
  return HYALITE_CONTINUE;
}

static hyalite_verdict flow_close(void* instance, hyalite_flow* flow, void* state, const hyalite_flow_summary* summary) {
  struct misuses* self = instance;
  (void)flow;
  (void)state;
  (void)summary;
  if (strcmp(self->how, "stale") == 0) self->http->number(self->kept);
  return HYALITE_CONTINUE;
}

static const void* get_interface(const char* id) {
  static const hyalite_http_hooks http = {.size = sizeof http, .request_head = request_head};
  static const hyalite_flow_hooks flow = {.size = sizeof flow, .flow_close = flow_close};
  if (strcmp(id, HYALITE_HTTP_ID) == 0) return &http;
  return strcmp(id, HYALITE_FLOW_ID) == 0 ? &flow : NULL;
}

HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) {
  static const hyalite_descriptor descriptor = {
      .magic = HYALITE_DESCRIPTOR_MAGIC,
      .abi_major = HYALITE_ABI_MAJOR,
      .abi_minor = HYALITE_ABI_MINOR,
      .size = sizeof descriptor,
      .id = "misuses",
      .version = "1.0.0",
      .summary = "Calls the proxy wrongly",
      .license = "MIT",
      .settings_schema = "{\"type\":\"object\"}",
      .get_interface = get_interface,
      .create = create,
      .destroy = destroy,
  };
  return &descriptor;
}
