//! Reads the documentation of a server into a table.

use roxmltree::{Document, Node, ParsingOptions};

use crate::error::{Error, Result};
use crate::table::{Action, Event, Head, Param, Part, Table};
use crate::xpath;

/// The namespace of `include`.
const INCLUDE: &str = "http://www.w3.org/2001/XInclude";

/// The includes that may follow each other. More than this go round in a circle.
const DEEPEST: u32 = 16;

/// Reads the text of `core-en_US.xml`. Actions and events of one name are joined.
///
/// # Errors
///
/// Returns an error that names the place if the text is not XML, or an include leads nowhere.
pub fn documentation(version: u32, text: &str) -> Result<Table> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let parsed = Document::parse_with_options(text, options);
    let document = parsed.map_err(|error| {
        Error::new(format!("documentation of Asterisk {version}"), format!("not XML: {error}"))
    })?;
    let reader = Reader { version, document: &document };
    let mut table = Table { version, ..Table::default() };
    for node in document.descendants().filter(|node| node.has_tag_name("managerEvent")) {
        join_event(&mut table.events, reader.event(node)?);
    }
    for node in document.descendants().filter(|node| node.has_tag_name("manager")) {
        join_action(&mut table.actions, reader.action(node)?);
    }
    table.actions.sort_by(|one, two| one.head.name.cmp(&two.head.name));
    table.events.sort_by(|one, two| one.head.name.cmp(&two.head.name));
    Ok(table)
}

struct Reader<'a, 'input> {
    version: u32,
    document: &'a Document<'input>,
}

impl<'a, 'input> Reader<'a, 'input> {
    fn error(&self, node: Node<'_, '_>, text: impl Into<String>) -> Error {
        let row = self.document.text_pos_at(node.range().start).row;
        Error::new(format!("documentation of Asterisk {}, line {row}", self.version), text)
    }

    /// Returns the elements in an element, those of its includes in place of the includes.
    fn children(&self, node: Node<'a, 'input>) -> Result<Vec<Node<'a, 'input>>> {
        let mut found = Vec::new();
        for child in node.children() {
            self.expand(child, DEEPEST, &mut found)?;
        }
        Ok(found)
    }

    fn expand(
        &self,
        node: Node<'a, 'input>,
        deepest: u32,
        found: &mut Vec<Node<'a, 'input>>,
    ) -> Result<()> {
        if !node.has_tag_name((INCLUDE, "include")) {
            found.extend(Some(node).filter(Node::is_element));
            return Ok(());
        }
        let pointer = node.attribute("xpointer").unwrap_or_default();
        let path = pointer.strip_prefix("xpointer(").and_then(|rest| rest.strip_suffix(')'));
        let nodes = path.and_then(|path| xpath::select(self.document, path));
        let Some(nodes) = nodes else {
            return Err(self.error(node, format!("{pointer:?}: expected xpointer(/A[@n='v']/B)")));
        };
        let Some(deepest) = deepest.checked_sub(1) else {
            return Err(self.error(node, format!("{pointer:?}: includes go round in a circle")));
        };
        nodes.into_iter().try_for_each(|node| self.expand(node, deepest, found))
    }

    fn name(&self, node: Node<'_, '_>) -> Result<String> {
        let name = node.attribute("name").unwrap_or_default().trim();
        if name.is_empty() || name.contains(char::is_whitespace) {
            let tag = node.tag_name().name();
            return Err(self.error(node, format!("name {name:?} of {tag}: expected one word")));
        }
        Ok(name.to_owned())
    }

    fn head(&self, node: Node<'a, 'input>) -> Result<Head> {
        let since = node.children().filter(|child| child.has_tag_name("since"));
        let versions = since.flat_map(|since| since.children());
        let versions = versions.filter(|child| child.has_tag_name("version"));
        let since = versions.filter_map(|version| Some(version.text()?.trim().to_owned()));
        let modules = node.attribute("module").map(str::to_owned);
        Ok(Head {
            name: String::new(),
            classes: Vec::new(),
            since: since.collect(),
            modules: modules.into_iter().collect(),
        })
    }

    fn event(&self, node: Node<'a, 'input>) -> Result<Event> {
        let mut event = Event::default();
        event.head.name = self.name(node)?;
        for instance in self.children(node)? {
            if !instance.has_tag_name("managerEventInstance") {
                continue;
            }
            let mut head = self.head(instance)?;
            head.classes = classes(instance.attribute("class").unwrap_or_default());
            head.name.clone_from(&event.head.name);
            let mut parts = Vec::new();
            for part in self.syntax(instance)? {
                let prefix = part.attribute("prefix").unwrap_or_default().to_owned();
                parts.push(match part.tag_name().name() {
                    "channel_snapshot" => Part::Channel(prefix),
                    "bridge_snapshot" => Part::Bridge(prefix),
                    "parameter" => Part::Field(self.name(part)?, self.values(part)?),
                    _ => continue,
                });
            }
            join_parts(&mut event.parts, parts);
            join_head(&mut event.head, head);
        }
        join(&mut event.head.modules, node.attribute("module").map(str::to_owned));
        Ok(event)
    }

    fn action(&self, node: Node<'a, 'input>) -> Result<Action> {
        let name = self.name(node)?;
        let head = Head { name, ..self.head(node)? };
        let mut action = Action { head, ..Action::default() };
        for part in self.syntax(node)? {
            if part.has_tag_name("parameter") {
                let yes = |name| matches!(part.attribute(name), Some("true" | "yes"));
                action.params.push(Param {
                    name: self.name(part)?,
                    required: yes("required"),
                    multiple: yes("multiple"),
                    default: part.attribute("default").map(str::to_owned),
                    values: self.values(part)?,
                });
            }
        }
        for responses in self.children(node)?.iter().filter(|it| it.has_tag_name("responses")) {
            for response in self.children(*responses)? {
                match response.tag_name().name() {
                    "managerEvent" => action.end = Some(self.name(response)?),
                    "list-elements" => {
                        for item in self.children(response)? {
                            join(&mut action.items, [self.name(item)?]);
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(action)
    }

    /// Returns what is in the syntax of an element.
    fn syntax(&self, node: Node<'a, 'input>) -> Result<Vec<Node<'a, 'input>>> {
        let mut found = Vec::new();
        for syntax in self.children(node)?.iter().filter(|it| it.has_tag_name("syntax")) {
            found.extend(self.children(*syntax)?);
        }
        Ok(found)
    }

    /// Returns the values of a parameter that are documented as a list.
    fn values(&self, node: Node<'a, 'input>) -> Result<Vec<String>> {
        let mut values = Vec::new();
        for list in self.children(node)?.iter().filter(|it| it.has_tag_name("enumlist")) {
            for value in self.children(*list)?.iter().filter(|it| it.has_tag_name("enum")) {
                join(&mut values, value.attribute("name").map(|name| name.trim().to_owned()));
            }
        }
        Ok(values)
    }
}

/// Returns the names of classes from the constants of the source, as in `EVENT_FLAG_CALL`.
fn classes(text: &str) -> Vec<String> {
    let names = text.split(['|', ',']).map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| name.trim_start_matches("EVENT_FLAG_").to_ascii_lowercase()).collect()
}

/// Adds what is not there yet.
fn join<T: PartialEq>(all: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

fn join_head(head: &mut Head, more: Head) {
    join(&mut head.classes, more.classes);
    join(&mut head.since, more.since);
    join(&mut head.modules, more.modules);
}

fn join_parts(parts: &mut Vec<Part>, more: Vec<Part>) {
    for part in more {
        match (parts.iter_mut().find(|known| known.same(&part)), part) {
            (Some(Part::Field(_, values)), Part::Field(_, more)) => join(values, more),
            (Some(_), _) => {}
            (None, part) => parts.push(part),
        }
    }
}

fn join_event(events: &mut Vec<Event>, event: Event) {
    match events.iter_mut().find(|known| known.head.name == event.head.name) {
        Some(known) => {
            join_parts(&mut known.parts, event.parts);
            join_head(&mut known.head, event.head);
        }
        None => events.push(event),
    }
}

fn join_action(actions: &mut Vec<Action>, action: Action) {
    let Some(known) = actions.iter_mut().find(|known| known.head.name == action.head.name) else {
        return actions.push(action);
    };
    for param in action.params {
        match known.params.iter_mut().find(|it| it.name == param.name) {
            Some(known) => {
                known.required &= param.required;
                join(&mut known.values, param.values);
            }
            None => known.params.push(Param { required: false, ..param }),
        }
    }
    join(&mut known.items, action.items);
    known.end = known.end.take().or(action.end);
    join_head(&mut known.head, action.head);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inside: &str) -> Result<Table> {
        let text = format!(
            "<!DOCTYPE docs SYSTEM 'x'><docs xmlns:xi='http://www.w3.org/2001/XInclude'>{inside}</docs>"
        );
        documentation(22, &text)
    }

    fn include(path: &str) -> String {
        format!("<xi:include xpointer=\"xpointer({path})\"/>")
    }

    #[test]
    fn parameters_and_values_are_read_and_includes_followed() {
        let (id, list) = (
            include("/docs/manager[@name='B']/syntax/parameter[@name='Id']"),
            include("docs/manager[@name='B']/syntax/parameter[@name='Id']/enumlist"),
        );
        let text = format!(
            "<manager name='A'><since><version>1.2.0</version></since><syntax>\
             <parameter name='X' required='yes' default='d'>{list}</parameter>{id}</syntax>\
             <responses><list-elements>{0}</list-elements>{1}</responses></manager>\
             <manager name='B'><syntax><parameter name='Id'><enumlist><enum name='on'/>\
             <enum name='off'/></enumlist></parameter></syntax></manager>\
             <managerEvent name='Item'/><managerEvent name='End'/>",
            include("/docs/managerEvent[@name='Item']"),
            include("/docs/managerEvent[@name='End']"),
        );
        let table = read(&text).unwrap();
        assert_eq!(
            table.actions[0].to_string(),
            "action A since 1.2.0\n  param X required default \"d\" values on | off\n  \
             param Id values on | off\n  items Item\n  end End\n"
        );
    }

    #[test]
    fn duplicates_are_joined_and_events_inside_functions_count() {
        let event = |module: &str, inside: &str| {
            format!(
                "<managerEvent name='E' module='{module}'><managerEventInstance \
                 class='EVENT_FLAG_CALL'><syntax>{inside}</syntax></managerEventInstance>\
                 </managerEvent>"
            )
        };
        let (one, two) = (
            event("a", "<parameter name='X'/><channel_snapshot/><bridge_snapshot prefix='To'/>"),
            event("b", "<parameter name='Y'/><parameter name='X'/>"),
        );
        let table = read(&format!("{one}<function name='F'>{two}</function>")).unwrap();
        assert_eq!(
            table.events[0].to_string(),
            "event E classes call module a,b\n  field X\n  channel\n  bridge To\n  field Y\n"
        );
        assert_eq!(table.events.len(), 1);
    }

    #[test]
    fn a_parameter_is_required_if_all_of_one_name_require_it() {
        let action =
            |inside: &str| format!("<manager name='A'><syntax>{inside}</syntax></manager>");
        let (one, two) = (
            action("<parameter name='X' required='true'/><parameter name='Y' required='true'/>"),
            action("<parameter name='X' required='true'/><parameter name='Z'/>"),
        );
        let three =
            action("<parameter name='X' required='true'/><parameter name='Z' required='true'/>");
        let table = read(&(two + &one + &three)).unwrap();
        let expected = "action A\n  param X required\n  param Z\n  param Y\n";
        assert_eq!(table.actions[0].to_string(), expected);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let around = include("/docs/manager[@name='A']/syntax/node()");
        let odd = [
            (include("//x"), "expected xpointer(/A[@n='v']/B)"),
            (around, "includes go round in a circle"),
            ("<parameter/>".to_owned(), "name \"\" of parameter: expected one word"),
        ];
        for (inside, expected) in odd {
            let text = format!("<manager name='A'><syntax>{inside}</syntax></manager>");
            let error = read(&text).unwrap_err().to_string();
            assert!(error.starts_with("documentation of Asterisk 22, line 1: "), "{error}");
            assert!(error.ends_with(expected), "{error}");
        }
        assert!(documentation(22, "<docs>").unwrap_err().to_string().contains("not XML"));
    }
}
