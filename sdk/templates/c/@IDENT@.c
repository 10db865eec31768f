/* @NAME@: marks every request. Make it yours. */
#include <hyalite/plugin.h>
#include <stdlib.h>
#include <string.h>

HYALITE_NOTE("@NAME@", "0.1.0", "MIT");

struct @IDENT@ {
  const hyalite_host_http* http;
};

static hyalite_bytes text(const char* literal) {
  const hyalite_bytes bytes = {literal, strlen(literal)};
  return bytes;
}

/* Once per configuration, before there are workers: build what all of them only read. */
static hyalite_status create(const hyalite_host* host, void** instance) {
  const hyalite_host_http* http = host->get_interface(host, HYALITE_HOST_HTTP_ID);
  if (!HYALITE_HAS(http, header_set)) return HYALITE_E_UNSUPPORTED;
  struct @IDENT@* self = malloc(sizeof *self);
  if (self == NULL) return HYALITE_E_FAILED;
  self->http = http;
  *instance = self;
  return HYALITE_OK;
}

static void destroy(void* instance) { free(instance); }

/* The head of a request is whole; nothing of it went upstream yet. */
static hyalite_verdict request_head(void* instance, hyalite_exchange* exchange, void* state, const hyalite_headers* headers) {
  struct @IDENT@* self = instance;
  (void)state;
  (void)headers;
  const hyalite_status set =
      self->http->header_set(exchange, HYALITE_PART_REQUEST, 0, text("X-Marked"), text("yes"), HYALITE_SET_REPLACE);
  return set == HYALITE_OK ? HYALITE_CONTINUE : HYALITE_ERROR;
}

static const void* get_interface(const char* id) {
  static const hyalite_http_hooks hooks = {.size = sizeof hooks, .request_head = request_head};
  return strcmp(id, HYALITE_HTTP_ID) == 0 ? &hooks : NULL;
}

HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) {
  static const hyalite_descriptor descriptor = {
      .magic = HYALITE_DESCRIPTOR_MAGIC,
      .abi_major = HYALITE_ABI_MAJOR,
      .abi_minor = HYALITE_ABI_MINOR,
      .size = sizeof descriptor,
      .id = "@NAME@",
      .version = "0.1.0",
      .summary = "Marks every request",
      .license = "MIT",
      .get_interface = get_interface,
      .create = create,
      .destroy = destroy,
  };
  return &descriptor;
}
