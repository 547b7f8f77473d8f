//! Who is told that a message was larger than allowed, and so is lost.

use std::mem;

use bytes::Bytes;

use super::open_list::OpenList;
use super::{Dispatch, ends_list, starts_list};
use crate::connection::loss::First;
use crate::connection::pending::Expect;
use crate::connection::reply::Reply;
use crate::error::Error;
use crate::wire::{Event, Kind, Message, Response};

impl Dispatch<'_> {
    /// Tells who is affected that a message is lost. Its beginning shows what it was.
    pub(super) fn too_large(&mut self, bytes: usize, head: &Bytes) {
        let lost = || Error::TooLarge(bytes);
        let Some(beginning) = Message::of_beginning(head) else {
            return self.lost_part(lost);
        };
        let id = self.pending.our_id(beginning.action_id());
        match (beginning.kind(), id) {
            (Kind::Event, id) => self.too_large_event(Event::new(beginning), id, lost),
            (Kind::Response, Some((id, false))) => {
                self.raise_fence(id);
                self.too_large_response(id, &Response::new(beginning), lost);
            }
            (Kind::Response, Some((id, true))) => self.raise_fence(id + 1),
            _ => self.lost_part(lost),
        }
    }

    fn too_large_event(&mut self, event: Event, id: Option<(u64, bool)>, lost: impl Fn() -> Error) {
        let has_id = event.action_id().is_some();
        if let Some(list) = &mut self.list {
            let shared = list.shared;
            let foreign = list.shape.is_some_and(|shape| shape.with_others);
            // The id of an item may stand behind what made it so large.
            if id == Some((list.id, false)) || !has_id && !foreign {
                list.spoil(&lost);
                if has_id && ends_list(&event) && !list.of_everything {
                    list.send(Ok(Reply::End(None)));
                    self.pending.forget(list.id);
                    self.list = None;
                }
                if !shared {
                    return;
                }
            }
        }
        if let Some((id, false)) = id {
            match self.pending.expects(id) {
                Some(Expect::Originate) if event.is("OriginateResponse") => {
                    self.pending.fail(id, lost());
                }
                Some(Expect::Everything { .. }) if !event.is("UserEvent") => {
                    if let Some(many) = self.pending.many(id) {
                        many.send(Err(lost()));
                    }
                    return;
                }
                _ => {}
            }
        }
        if mem::take(&mut self.tells_of_loss) {
            self.pending.tell_of_loss(First::Event(&event));
        }
        let missed = self.publisher.publish_lost(&event);
        self.pending.counters().missed.add(missed);
    }

    fn too_large_response(&mut self, id: u64, response: &Response, lost: impl Fn() -> Error) {
        if let Some(list) = self.list.as_mut().filter(|list| list.id == id) {
            return list.spoil(lost);
        }
        let expects = self.pending.expects(id);
        let everything = matches!(expects, Some(Expect::Everything { .. }));
        let shared = matches!(expects, Some(Expect::List { shared: true, .. }));
        let many = self.pending.many(id);
        if starts_list(response) {
            // An exchange gets the rest of it. Nobody else can do much with items that have no
            // beginning.
            let sender = many.clone().filter(|_| everything);
            let list = OpenList::new(id, None, sender);
            self.list = Some(OpenList { of_everything: everything, shared, ..list });
        }
        match many {
            Some(many) if everything => drop(many.send(Err(lost()))),
            Some(many) => {
                many.send(Err(lost()));
                many.send(Ok(Reply::End(None)));
                self.pending.forget(id);
            }
            None => self.pending.fail(id, lost()),
        }
    }

    /// A message is lost that nobody knows more of than its place.
    fn lost_part(&mut self, lost: impl Fn() -> Error) {
        match &mut self.list {
            Some(list) => list.spoil(lost),
            None => {
                if let Some((_, many)) = self.exchange() {
                    many.send(Err(lost()));
                }
            }
        }
    }
}
