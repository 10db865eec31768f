/* Everything is there but the descriptor.
 * SPDX-License-Identifier: MIT */
#include <hyalite/plugin.h>

HYALITE_NOTE("no_descriptor", "1.0.0", "MIT");

HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) { return NULL; }
