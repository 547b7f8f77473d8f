//! The reply of a server to an action.

use std::io;

use ami::{Kind, Line, Message};

use super::{Form, Out, Style, escape, object_of};

/// The fields of an item that tell nothing of it.
const OF_LISTS: [&str; 4] = ["Event", "ActionID", "Privilege", "EventList"];

/// The messages of a reply.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    messages: Vec<Message>,
}

impl Reply {
    pub(crate) fn new(messages: Vec<Message>) -> Self {
        Self { messages }
    }

    /// Returns `true` if the server has said nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Returns the response with which the server refuses, if it does.
    pub(crate) fn refusal(&self) -> Option<ami::Response> {
        let responses = self.messages.iter().cloned().filter_map(ami::Response::from_message);
        responses.into_iter().find(ami::Response::is_error)
    }

    /// Returns `true` if the reply is a list.
    pub(crate) fn is_list(&self) -> bool {
        self.messages.iter().any(|message| message.kind() == Kind::Event)
    }

    /// Returns the items of a list, without the event that ends it.
    fn items(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.kind() == Kind::Event && !is_end(message))
    }
}

fn is_end(event: &Message) -> bool {
    event.get("EventList").is_some_and(|it| it.eq_ignore_ascii_case(b"Complete"))
}

impl Out {
    /// Prints a reply: a list as a table, the output of a command as it is, anything else field by
    /// field. In JSON each item of a list is an object, and with `all` also the response and the
    /// end.
    pub(crate) fn reply(&mut self, reply: &Reply, all: bool) -> io::Result<()> {
        match self.form {
            Form::Raw => reply.messages.iter().for_each(|message| self.bytes(message.raw())),
            Form::Json if reply.is_list() && !all => {
                for item in reply.items() {
                    self.object(&object_of(item, None)?)?;
                }
            }
            Form::Json => {
                for message in &reply.messages {
                    self.object(&object_of(message, None)?)?;
                }
            }
            Form::People => self.reply_for_people(reply, all)?,
        }
        Ok(())
    }

    fn reply_for_people(&mut self, reply: &Reply, all: bool) -> io::Result<()> {
        let is_list = reply.is_list();
        for message in reply.messages.iter().filter(|it| it.kind() != Kind::Event) {
            if !is_list || all {
                self.message(message)?;
            }
        }
        let mut names: Vec<&[u8]> = Vec::new();
        for item in reply.items() {
            if !names.contains(&item.head()) {
                names.push(item.head());
            }
        }
        for name in &names {
            if names.len() > 1 {
                let name = self.styled(Style::Strong, &escape(name));
                self.line(&name)?;
            }
            let items: Vec<_> = reply.items().filter(|item| item.head() == *name).collect();
            self.items(&items)?;
            if names.len() > 1 {
                self.line("")?;
            }
        }
        if is_list {
            let count = reply.items().count();
            self.tell(Style::Dim, &format!("{count} items"));
        }
        for end in reply.messages.iter().filter(|it| all && it.kind() == Kind::Event && is_end(it))
        {
            self.message(end)?;
        }
        Ok(())
    }

    /// Prints items of one name as a table, without the columns that are empty.
    fn items(&mut self, items: &[&Message]) -> io::Result<()> {
        let mut columns: Vec<String> = Vec::new();
        for item in items {
            for (name, value) in item.fields() {
                let name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
                let is_new = !columns.iter().any(|own| own.eq_ignore_ascii_case(&name));
                let tells = !OF_LISTS.iter().any(|it| it.eq_ignore_ascii_case(&name));
                if is_new && tells && !value.is_empty() {
                    columns.push(name);
                }
            }
        }
        let row = |item: &&Message| {
            let values = |name: &String| {
                let values: Vec<_> = item.get_all(name).map(escape).collect();
                values.join(" ")
            };
            columns.iter().map(values).collect::<Vec<_>>()
        };
        let rows: Vec<_> = items.iter().map(row).collect();
        let head: Vec<_> = columns.iter().map(|name| escape(name.as_bytes())).collect();
        self.table(&head, &rows)
    }

    /// Prints a message: the output of a command, or the fields.
    fn message(&mut self, message: &Message) -> io::Result<()> {
        let is_output = |name: &[u8]| name.eq_ignore_ascii_case(b"Output");
        let has_output = message.get("Output").is_some() || message.legacy_text().is_some();
        let mut pairs = Vec::new();
        for line in message.lines() {
            match line {
                Line::Field(b"ActionID" | b"Privilege", _) => {}
                Line::Field(b"Response" | b"Message", _) if has_output => {}
                Line::Field(name, _) if is_output(name) => {}
                Line::Field(name, value) => pairs.push((escape(name), escape(value))),
                Line::Bare(text) => pairs.push((escape(text), String::new())),
            }
        }
        self.pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
        let output: Vec<_> = message.command_output().map(escape).collect();
        output.iter().try_for_each(|line| self.line(line))
    }
}
