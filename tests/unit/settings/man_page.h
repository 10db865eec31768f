// What docs/man/hyalite.yaml.5 must be: made from settings.h and the description, like config/default.yaml.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "manual.h"

namespace hyalite {

namespace manual {

// mdoc(7): every setting by its path, in the order of the file.
class ManPage : public Walker {
 public:
  explicit ManPage(const Manual& manual) : manual_(manual) {}
  std::string text;

  void value(const Value& value) override {
    const bool has_default = example_of(join(path_, value.name)).empty() && !value.required;
    item(value.name, value.required ? "Required." : has_default ? of_default(value.write()) : "Not set by default.",
         with_words(comment(value.name), value.shape, "One of"));
  }
  void values(const ValueList& values) override {
    std::string list;
    for (const std::string& one : values.write()) list += (list.empty() ? "" : ", ") + one;
    item(values.name, of_default("[" + list + "]"), with_words(comment(values.name), values.shape, "Any of"));
  }
  void configuration(std::string_view name, PluginConfiguration& configuration) override {
    item(name, of_default(configuration.json), comment(name));
  }
  void group(std::string_view name, const std::function<void(Describer&)>& members) override {
    section(name, [&] { Walker::group(name, members); });
  }
  void groups(const GroupList& groups) override {
    section(groups.name, [&] { Walker::groups(groups); });
  }

 private:
  // A member of the whole file opens a section; deeper ones are told in it.
  void section(std::string_view name, const std::function<void()>& inside) {
    const bool top = path_.empty();
    if (top) {
      text += ".Ss " + std::string(name) + '\n' + escaped(comment(name)) + "\n.Bl -tag -width Ds\n";
    } else {
      item(name, "", comment(name));
    }
    inside();
    if (top) text += ".El\n";
  }
  void item(std::string_view name, const std::string& remark, const std::string& comment) {
    const bool alone = path_.empty();
    if (alone) text += ".Ss " + std::string(name) + "\n.Bl -tag -width Ds\n";
    text += ".It Va " + join(path_, name) + '\n' + escaped(comment) + '\n' + (remark.empty() ? "" : remark + '\n');
    if (alone) text += ".El\n";
  }
  std::string comment(std::string_view name) const {
    const Manual::Member* member = manual_.find(join(path_, name));
    return member == nullptr ? "?" : member->comment;
  }
  static std::string of_default(const std::string& value) { return "Default: \\fB" + escaped(value) + "\\fR"; }
  static std::string escaped(std::string_view plain) {
    std::string out;
    for (std::size_t i = 0; i < plain.size(); ++i) {
      const bool sentence_ended = plain[i] == ' ' && i > 0 && plain[i - 1] == '.';
      if (plain[i] == '\\') {
        out += "\\e";
      } else if (out.empty() && (plain[i] == '.' || plain[i] == '\'')) {
        out += std::string("\\&") + plain[i];
      } else {
        out += sentence_ended ? '\n' : plain[i];
      }
    }
    return out;
  }

  const Manual& manual_;
};

}  // namespace manual

inline std::string settings_man_page(const Manual& book) {
  manual::ManPage page(book);
  Settings settings;
  describe(page, settings);
  return ".\\\" Made from core/settings/settings.h; a test holds it equal.\n"
         ".\\\" SPDX-License-Identifier: MIT\n"
         ".Dd November 25, 2026\n"
         ".Dt HYALITE.YAML 5\n"
         ".Os Hyalite\n"
         ".Sh NAME\n"
         ".Nm hyalite.yaml\n"
         ".Nd settings of the inspection proxy Hyalite\n"
         ".Sh DESCRIPTION\n"
         "One YAML file, by default\n"
         ".Pa /etc/hyalite/hyalite.yaml .\n"
         "It is read when the service starts and on\n"
         ".Nm hyalite Cm reload ;\n"
         ".Nm hyalite Cm check\n"
         "finds every mistake in it.\n"
         "Keys that are unknown, or there twice, are mistakes.\n"
         "Durations are written 50ms, 10s, 2m, 1h; sizes 512B, 64KiB, 1MiB, 1GiB.\n"
         "A path such as\n"
         ".Va plugins[].name\n"
         "means the\n"
         ".Va name\n"
         "in each item of the list\n"
         ".Va plugins .\n"
         ".Sh SETTINGS\n" +
         page.text +
         ".Sh FILES\n"
         ".Bl -tag -width Ds -compact\n"
         ".It Pa /usr/share/hyalite/default.yaml\n"
         "Every setting, commented out at its default.\n"
         ".It Pa /usr/share/hyalite/gateway.yaml , auditing.yaml , minimal.yaml\n"
         "Files to start from.\n"
         ".It Pa /usr/share/hyalite/hyalite.schema.json\n"
         "JSON Schema, for editors.\n"
         ".El\n"
         ".Sh SEE ALSO\n"
         ".Xr hyalite 1\n";
}

}  // namespace hyalite
