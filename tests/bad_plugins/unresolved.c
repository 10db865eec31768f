/* Needs a function that nobody has: found out when it is loaded, not when it is called.
 * SPDX-License-Identifier: MIT */
#include <hyalite/plugin.h>

HYALITE_NOTE("unresolved", "1.0.0", "MIT");

int nobody_has_this(void);
HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) { return nobody_has_this() ? NULL : NULL; }
