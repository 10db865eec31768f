/* The same greeting in plain C: nothing but the tables.
 * SPDX-License-Identifier: MIT */
#include <hyalite/plugin.h>
#include <stdlib.h>
#include <string.h>

HYALITE_NOTE("hello-plugin-c", "1.0.0", "MIT");

struct hello {
  const hyalite_host* host;
  const hyalite_host_http* http;
};

static hyalite_bytes text(const char* literal) {
  const hyalite_bytes bytes = {literal, strlen(literal)};
  return bytes;
}

static hyalite_status create(const hyalite_host* host, void** instance) {
  const hyalite_host_http* http = host->get_interface(host, HYALITE_HOST_HTTP_ID);
  if (!HYALITE_HAS(http, header_set)) return HYALITE_E_UNSUPPORTED;
  struct hello* hello = malloc(sizeof *hello);
  if (hello == NULL) return HYALITE_E_FAILED;
  hello->host = host;
  hello->http = http;
  *instance = hello;
  return HYALITE_OK;
}

static void destroy(void* instance) { free(instance); }

static hyalite_verdict request_head(void* instance, hyalite_exchange* exchange, void* state,
                                    const hyalite_headers* headers) {
  struct hello* hello = instance;
  (void)state;
  (void)headers;
  if (hello->http->header_set(exchange, HYALITE_PART_REQUEST, 0, text("X-Hello"),
                              text("hello from C"), HYALITE_SET_REPLACE) != HYALITE_OK) {
    return HYALITE_ERROR;
  }
  return HYALITE_CONTINUE;
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
      .id = "hello-plugin-c",
      .version = "1.0.0",
      .summary = "Adds a header to every request",
      .license = "MIT",
      .get_interface = get_interface,
      .create = create,
      .destroy = destroy,
  };
  return &descriptor;
}
