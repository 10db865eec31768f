// A place in a list that lives inside its owner: joining and leaving never allocate.
// SPDX-License-Identifier: MIT
#pragma once

namespace hyalite {

// A list is a Link that stands for itself (its head); members join it. Whoever is destroyed has
// left. Not movable: neighbours point here.
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { leave(); }

  bool linked() const { return next_ != this; }
  // For a head: whether nobody is in the list.
  bool empty() const { return next_ == this; }
  Link* first() const { return next_; }

  void leave() {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = this;
  }
  // Leaves where it is and joins the list of `head` at its end.
  void join(Link& head) {
    leave();
    previous_ = head.previous_;
    next_ = &head;
    previous_->next_ = next_->previous_ = this;
  }
  // For a head: takes over all members of `other`, which must not be this. This list must be empty.
  void take_all(Link& other) {
    if (other.empty()) return;
    next_ = other.next_;
    previous_ = other.previous_;
    next_->previous_ = previous_->next_ = this;
    other.next_ = other.previous_ = &other;
  }

 private:
  Link* next_ = this;
  Link* previous_ = this;
};

}  // namespace hyalite
