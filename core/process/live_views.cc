// Asks the workers what they do, and puts their answers together.
// SPDX-License-Identifier: MIT
#include "process/live_views.h"

#include <algorithm>

#include "base/text.h"
#include "process/messages.h"
#include "settings/json.h"

namespace hyalite {

LiveViews::Worker::Worker(LiveViews& views, std::uint64_t its_generation, Channel its_end)
    : owner(views),
      generation(its_generation),
      end(std::move(its_end)),
      watch(views.loop_, callback<&LiveViews::Worker::on_readable>(*this)) {
  (void)watch.start(end.fd());
}

void LiveViews::Worker::on_readable() {
  for (int i = 0; i < Channel::kInARow; ++i) {
    const auto received = end.receive();
    if (!received) return watch.stop();
    if (!*received) return;
    if ((*received)->type == kLiveViewAnswer) owner.on_answer((*received)->body);
  }
}

LiveViews::Question::Question(LiveViews& views, std::uint64_t its_number,
                              std::function<void(std::string)> then)
    : owner(views),
      number(its_number),
      answer(std::move(then)),
      late(views.loop_, callback<&LiveViews::Question::on_late>(*this)) {
  late.start(kPatience);
}

void LiveViews::Question::on_late() { owner.finish(number); }

void LiveViews::add(std::uint64_t generation, unsigned, Channel end) {
  workers_.push_back(std::make_unique<Worker>(*this, generation, std::move(end)));
}

void LiveViews::remove(std::uint64_t generation) {
  std::erase_if(workers_, [&](const auto& worker) { return worker->generation == generation; });
}

void LiveViews::ask(std::size_t most, std::function<void(std::string)> answer) {
  if (questions_.size() >= kMostQuestions) return answer("[]");
  const std::uint64_t number = ++last_number_;
  auto question = std::make_unique<Question>(*this, number, std::move(answer));
  LiveView message;
  message.question = number;
  message.most = static_cast<std::uint32_t>(question->most = most);
  for (const auto& worker : workers_) question->awaited += worker->end.send(message).has_value();
  const bool nobody = question->awaited == 0;
  questions_.emplace(number, std::move(question));
  if (nobody) finish(number);
}

void LiveViews::on_answer(const std::string& body) {
  const std::size_t end = body.find('\n');
  const auto number = parse_decimal(std::string_view(body).substr(0, std::min(end, body.size())));
  const auto known = number ? questions_.find(*number) : questions_.end();
  if (known == questions_.end() || end == std::string::npos) return;
  Question& question = *known->second;
  question.arrays.push_back(body.substr(end + 1));
  if (question.arrays.size() >= question.awaited) finish(*number);
}

void LiveViews::finish(std::uint64_t number) {
  const auto known = questions_.find(number);
  const auto question = std::move(known->second);
  questions_.erase(known);
  question->answer(joined_arrays(question->arrays, question->most));
}

std::string joined_arrays(const std::vector<std::string>& arrays, std::size_t most) {
  std::vector<JsonDocument> documents;
  for (const std::string& array : arrays) {
    auto document = JsonDocument::parse(array);
    if (document && document->root().is(JsonView::Type::array))
      documents.push_back(std::move(*document));
  }
  std::string joined = "[";
  bool more = true;
  for (std::size_t row = 0, count = 0; more && count < most; ++row) {
    more = false;
    for (const JsonDocument& document : documents) {
      if (row >= document.root().size() || count >= most) continue;
      more = true;
      joined += (count++ == 0 ? "" : ",") + document.root().element(row).text();
    }
  }
  return joined + ']';
}

}  // namespace hyalite
