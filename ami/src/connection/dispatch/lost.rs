//! Reports of messages that were larger than allowed, and are lost.

use std::mem;

use bytes::Bytes;

use super::open_list::OpenList;
use super::{Dispatch, ends_list, starts_list};
use crate::connection::loss::First;
use crate::connection::pending::OurId;
use crate::error::Error;
use crate::wire::{Event, Kind, Message, Response};

impl Dispatch<'_> {
    /// Reports the loss of a message to those it was for, judging by its beginning.
    pub(super) fn too_large(&mut self, bytes: usize, head: &Bytes) {
        let lost = || Error::TooLarge(bytes);
        let Some(beginning) = Message::of_beginning(head) else {
            return self.lost_part(lost);
        };
        let id = self.connection.pending.our_id(beginning.action_id());
        match (beginning.kind(), id) {
            (Kind::Event, id) => self.too_large_event(Event::new(beginning), id, lost),
            (Kind::Response, Some(OurId::Call(id))) => {
                self.raise_fence(id);
                self.too_large_response(id, &Response::new(beginning), lost);
            }
            (Kind::Response, Some(OurId::Fence(id))) => self.raise_fence(id + 1),
            _ => self.lost_part(lost),
        }
    }

    fn too_large_event(&mut self, event: Event, id: Option<OurId>, lost: impl Fn() -> Error) {
        let pending = &self.connection.pending;
        let has_id = event.action_id().is_some();
        if let Some(list) = &mut self.list {
            let shared = list.is_shared();
            // The ActionID of an item may come after the value that made it so large.
            if id == Some(OurId::Call(list.id)) || !has_id && !list.is_with_others() {
                list.spoil(&lost);
                if has_id && ends_list(&event) && !list.is_of_exchange() {
                    list.end();
                    pending.forget(list.id);
                    self.list = None;
                }
                if !shared {
                    return;
                }
            }
        }
        if let Some(OurId::Call(id)) = id {
            if event.is("OriginateResponse") {
                pending.originated(id, || Err(lost()));
            } else if !event.is("UserEvent")
                && let Some(exchange) = pending.exchange(id)
            {
                exchange.parts.fail(lost());
                return;
            }
        }
        if mem::take(&mut self.is_new) {
            self.connection.tell_of_begin(First::Event(&event));
        }
        let missed = self.publisher.publish_lost(&event);
        self.connection.counters.missed.add(missed);
    }

    fn too_large_response(&mut self, id: u64, response: &Response, lost: impl Fn() -> Error) {
        if let Some(list) = self.list.as_mut().filter(|list| list.id == id) {
            return list.spoil(lost);
        }
        let pending = &self.connection.pending;
        let exchange = pending.exchange(id);
        let shared = pending.list(id).is_some_and(|list| list.want.shared);
        match &exchange {
            Some(exchange) => drop(exchange.parts.fail(lost())),
            None => pending.fail(id, lost()),
        }
        if starts_list(response) {
            // An exchange gets the rest of the list. Other callers cannot use items of a list that
            // has no beginning.
            self.list = Some(match exchange {
                Some(exchange) => OpenList::of_exchange(id, exchange),
                None => OpenList::of_nobody(id, shared),
            });
        }
    }

    /// Reports the loss of a message of which only its position is known.
    fn lost_part(&mut self, lost: impl Fn() -> Error) {
        match &mut self.list {
            Some(list) => list.spoil(lost),
            None => {
                if let Some((_, exchange)) = self.connection.pending.current_exchange(self.fence) {
                    exchange.parts.fail(lost());
                }
            }
        }
    }
}
