// Lets each client have so many requests a minute; who wants more is told when to come again. In Rust, without a crate.
// SPDX-License-Identifier: MIT
//
// This file is about budgets; what every plugin in Rust needs to cross the border is in plugin.rs.
#[macro_use]
#[allow(dead_code, non_camel_case_types)]
mod hyalite {
    include!(concat!(env!("HYALITE_RUST"), "/hyalite.rs"));
}
mod plugin;

use hyalite::*;
use plugin::{Exchange, Host, Plugin};
use std::collections::HashMap;

const SCHEMA: &[u8] = b"{
  \"type\": \"object\", \"additionalProperties\": false, \"required\": [\"requests_per_minute\"],
  \"properties\": { \"requests_per_minute\": { \"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000000 } } }\0";
const MOST_CLIENTS: usize = 100_000; // in each worker
const MINUTE: i64 = 60_000_000_000;

// What a client has left, in parts of a request: one request costs a MINUTE, and time gives back `per_minute` times itself.
struct Budget {
    left: i64,
    at: i64,
}

pub struct ClientBudget {
    host: Host,
    per_minute: i64,
    clients: HashMap<[u8; 16], Budget>, // of this worker: each has its own
    refused: u32,
    unwatched: u32,
}

impl Plugin for ClientBudget {
    // Once per configuration, before there are workers.
    fn create(host: Host) -> Result<Self, hyalite_status> {
        let per_minute = host.integer_setting("requests_per_minute").unwrap_or(600);
        let refused = host.define_counter("client_budget_refused_total", "Requests beyond the budget of their client.")?;
        let unwatched = host.define_counter("client_budget_unwatched_total", "Requests of clients that there was no room for.")?;
        Ok(ClientBudget { host, per_minute, clients: HashMap::new(), refused, unwatched })
    }

    // The head of a request is whole; nothing of it went upstream yet.
    fn request_head(&mut self, exchange: Exchange) -> hyalite_verdict {
        let now = self.host.monotonic_clock();
        let full = self.full();
        let client = household(&exchange.client());
        if self.clients.len() >= MOST_CLIENTS && !self.clients.contains_key(&client) {
            self.host.count(self.unwatched);
            return HYALITE_CONTINUE;
        }
        let budget = self.clients.entry(client).or_insert(Budget { left: full, at: now });
        budget.left = full.min(budget.left.saturating_add((now - budget.at).saturating_mul(self.per_minute)));
        budget.at = now;
        if budget.left >= MINUTE {
            budget.left -= MINUTE;
            return HYALITE_CONTINUE;
        }
        let wait = (MINUTE - budget.left) / self.per_minute; // ns
        self.host.count(self.refused);
        let seconds = (wait / 1_000_000_000 + 1).to_string();
        exchange.respond(429, "Too many requests.\n", &[("Content-Type", "text/plain"), ("Retry-After", &seconds)], "over its budget")
    }

    // About once a second: who has all of it again is forgotten.
    fn tick(&mut self) {
        let (now, full, per_minute) = (self.host.monotonic_clock(), self.full(), self.per_minute);
        self.clients.retain(|_, it| it.left.saturating_add((now - it.at).saturating_mul(per_minute)) < full);
    }
}

impl ClientBudget {
    fn full(&self) -> i64 {
        self.per_minute * MINUTE
    }
}

// One household has a whole /64 of IPv6 to speak from.
fn household(address: &hyalite_address) -> [u8; 16] {
    let mut bytes = address.bytes;
    if address.family == 6 {
        bytes[8..].fill(0);
    }
    bytes
}

hyalite_plugin!(ClientBudget, "client-budget", "1.0.0", "So many requests for each client", "MIT", SCHEMA);
