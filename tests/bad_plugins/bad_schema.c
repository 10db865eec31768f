/* Its settings schema is none.
 * SPDX-License-Identifier: MIT */
#include <hyalite/plugin.h>

HYALITE_NOTE("bad-schema", "1.0.0", "MIT");

static hyalite_status create(const hyalite_host* host, void** instance) {
  (void)host;
  *instance = NULL;
  return HYALITE_OK;
}
static void destroy(void* instance) { (void)instance; }
static const void* get_interface(const char* id) {
  (void)id;
  return NULL;
}

HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) {
  static const hyalite_descriptor descriptor = {
      .magic = HYALITE_DESCRIPTOR_MAGIC,
      .abi_major = HYALITE_ABI_MAJOR,
      .abi_minor = HYALITE_ABI_MINOR,
      .size = sizeof descriptor,
      .id = "bad-schema",
      .version = "1.0.0",
      .summary = "Cannot be told anything",
      .license = "MIT",
      .settings_schema = "{ \"type\": \"object\", \"properties\": { \"a\": { \"$ref\": \"#/nowhere\" } } }",
      .get_interface = get_interface,
      .create = create,
      .destroy = destroy,
  };
  return &descriptor;
}
